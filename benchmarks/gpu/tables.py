"""Prints what measure.sh left in a folder as Markdown tables: tables.py OUT."""

import json
import pathlib
import sys


def read(folder, name):
    path = folder / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def number(value, digits=2):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.{digits}f}"


def ratio(value, divisor):
    return number(value / divisor) if value and divisor else ""


def print_table(title, columns, rows):
    if rows:
        print(f"\n## {title}\n")
        print("| " + " | ".join(columns) + " |")
        print("|" + "---|" * len(columns))
        for row in rows:
            print("| " + " | ".join(row) + " |")


def print_verification(reports):
    rows = [[report["file"], report["verdict"], report["message"] or ""] for found in reports for report in found["files"]]
    print_table("Golden files", ["file", "verdict", ""], rows)


def print_speed(title, reports):
    columns = [
        "preset", "engine", "idle ratio", "vanilla, images/s", "channel-idle", "speed-up", "reference, vanilla", "channel-idle",
        "speed-up", "ours / reference, vanilla", "channel-idle", "speed-up in the paper"]
    rows = []
    for report in reports:
        for row in report["rows"]:
            ours, other = row["ours"], row["reference"] or {}
            rows.append([
                row["preset"], report["engine"], number(row["idle_ratio"]), number(ours["vanilla"]), number(ours["idle"]),
                number(ours["speedup"]), number(other.get("vanilla")), number(other.get("idle")), number(other.get("speedup")),
                ratio(ours["vanilla"], other.get("vanilla")), ratio(ours["idle"], other.get("idle")), number(row["paper_speedup"])])
    print_table(title, columns, rows)


def print_learning(reports):
    rows = [
        [report["engine"], str(report["epochs"]), f"{report['accuracy']:.2%}", f"{report['loss']:.4f}",
         f"{report['training_loss']:.4f}", number(report["seconds"], 1)]
        for report in reports]
    print_table("Learning CIFAR-10", ["engine", "epochs", "accuracy", "loss", "training loss", "seconds"], rows)


def main():
    folder = pathlib.Path(sys.argv[1])
    card = folder / "gpu.csv"
    if card.exists():
        print(card.read_text().strip())
    print_verification(read(folder, "verify"))
    for task in ["inference", "training"]:
        reports = read(folder, task)
        if reports:
            print(f"\n{task}: batch {reports[0]['batch']}, {reports[0]['image_size']} pixels, reference: {reports[0]['reference']}")
        print_speed(f"{task.capitalize()}", reports)
    print_learning(read(folder, "learning"))


main()
