"""Runs the reference implementation of RePaViT on request, for `RePaViT.Benchmarks -- reference`, which holds the clock.

Needs PyTorch, timm, einops and a folder with the repository Ackesnal/RePaViT; for LV-ViT, which that has not, also the folder
tlt of zihangJiang/TokenLabeling in it. Both forms of a network stay on the
device. One line on standard output says that they are ready; from then on every line `FORM CALLS` on standard input is
answered with `done` once that many calls have ended.
"""

import argparse
import contextlib
import functools
import platform
import sys

import torch


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository", required=True)
    parser.add_argument("--task", choices=["inference", "training"], required=True)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--idle-ratio", type=float, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--window", type=int, help="width and height of a Swin transformer's windows")
    parser.add_argument("--device", choices=["cpu", "cuda"], required=True)
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16"], required=True)
    return parser.parse_args()


def find_factory(arguments):
    """What makes the network of a preset, with the image size asked for."""
    family, _, size = arguments.preset.lower().rpartition("-")
    if family == "lv-vit":
        return functools.partial(create_lvvit, arguments, size)
    if family != "swin":
        import repavit
        return functools.partial(getattr(repavit, f"RePaViT_{size.capitalize()}"), img_size=arguments.image_size)

    # Its factories allow no other image size or window than theirs.
    import repaswin
    network = repaswin.SwinTransformer
    repaswin.SwinTransformer = lambda **fixed: network(
        **fixed | {"img_size": arguments.image_size, "window_size": arguments.window})
    return getattr(repaswin, f"RePaSwin_{size.capitalize()}")


def create_lvvit(arguments, size, num_classes, drop_path_rate, **idle):
    """LV-ViT without its token mixing, answering in training as it does after it; idle channels are those of RePaViT's layer."""
    import repavit
    import tlt.models

    class Branch(repavit.Mlp):
        def forward(self, x):
            return super().forward(x) - x

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = getattr(tlt.models, f"lvvit_{size}")(
                img_size=arguments.image_size, num_classes=num_classes, drop_path_rate=drop_path_rate)
            self.body.mix_token = False
            for block in self.body.blocks if idle else []:
                block.norm2 = torch.nn.Identity()
                block.mlp = Branch(dim_in=block.dim, dim_hidden=block.mlp_hidden_dim, **idle)

        def forward(self, x):
            answer = self.body(x)
            return answer[0] + 0.5 * answer[1].max(1)[0] if self.training else answer

    return Network()


def create_model(create, arguments, form):
    idle = {} if form == "vanilla" else {
        "channel_idle": True, "idle_ratio": arguments.idle_ratio, "feature_norm": "BatchNorm"}
    drop_path = 0.0
    if arguments.task == "training":
        drop_path = 0.3 if arguments.preset.lower() in ("large", "huge") else 0.1
    return create(num_classes=1000, drop_path_rate=drop_path, **idle)


def prepare_inference(create, arguments, form):
    """The whole network in the precision asked for, images on the device: faster than autocast, which casts at each call."""
    dtype = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
    model = create_model(create, arguments, form).eval()
    if form == "deployed":
        if not hasattr(model, "reparam"):
            sys.exit(f"There is no deployed form of {arguments.preset} to compare with.")
        model.reparam()
    model = model.to(arguments.device, dtype)
    images = torch.randn(
        arguments.batch, 3, arguments.image_size, arguments.image_size, device=arguments.device, dtype=dtype)

    @torch.no_grad()
    def run():
        model(images)

    return run


def prepare_training(create, arguments, form):
    """A step as the reference's loop takes it: upload, autocast, LAMB, averaged weights, and a wait at the end."""
    from timm.loss import SoftTargetCrossEntropy
    from timm.optim import create_optimizer_v2
    from timm.utils import ModelEma

    model = create_model(create, arguments, form).to(arguments.device).train()
    average = ModelEma(model, decay=0.99996)
    optimizer = create_optimizer_v2(model, opt="lamb", lr=1e-4, weight_decay=0.05)
    criterion = SoftTargetCrossEntropy()
    images = torch.randn(arguments.batch, 3, arguments.image_size, arguments.image_size)
    targets = torch.nn.functional.one_hot(torch.arange(arguments.batch) % 1000, 1000).float()
    if arguments.device == "cuda":
        images, targets = images.pin_memory(), targets.pin_memory()

    def run():
        samples = images.to(arguments.device, non_blocking=True)
        labels = targets.to(arguments.device, non_blocking=True)
        with torch.autocast(arguments.device, torch.bfloat16, enabled=arguments.precision == "bf16"):
            loss = criterion(model(samples), labels)
        loss.item()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        average.update(model)

    return run


def main():
    arguments = parse_arguments()
    sys.path.insert(0, arguments.repository)
    # What is not in bf16 takes TF32 there, as in ours; convolutions would take it by default.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = arguments.precision != "fp32"
    synchronize = torch.cuda.synchronize if arguments.device == "cuda" else lambda: None

    # Standard output belongs to the answers; the reference prints too.
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        create = find_factory(arguments)
        prepare, forms = {
            "inference": (prepare_inference, ["vanilla", "deployed"]),
            "training": (prepare_training, ["vanilla", "trained"]),
        }[arguments.task]
        contenders = {form: prepare(create, arguments, form) for form in forms}

        place = torch.cuda.get_device_name() if arguments.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
        print(f"PyTorch {torch.__version__}, Python {platform.python_version()}, {place}, {arguments.precision}",
              file=answers, flush=True)
        for request in sys.stdin:
            form, calls = request.split()
            for _ in range(int(calls)):
                contenders[form]()
            synchronize()
            print("done", file=answers, flush=True)


if __name__ == "__main__":
    main()
