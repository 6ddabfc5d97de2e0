using System.Net;
using RePaViT.Cluster.Jobs;
using RePaViT.Cluster.Parts;

namespace RePaViT.Cluster.Tests.Jobs;

[TestClass]
public sealed class JobBoardTests
{
    private static readonly SiloAddress _first = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress _second = SiloAddress.New(IPAddress.Loopback, 2, 1);

    private readonly JobPlan _plan = new()
    {
        Job = new ScoringJob { ImageList = "/images/list.txt", OutputFolder = "/results", ImagesPerPart = 10, MaxAttempts = 2 },
        Images = 25,
        Offsets = [0, 100, 200, 250],
    };

    private readonly JobState _state = new() { Done = new byte[1] };
    private readonly HashSet<SiloAddress> _dead = [];

    [TestMethod]
    public void A_silo_gets_as_many_parts_as_it_has_room_for()
    {
        var board = new JobBoard(_plan, _state);

        PartWork[] first = Exchange(board, _first, free: 2).Parts;
        PartWork[] second = Exchange(board, _second, free: 2).Parts;

        Assert.AreEqual(new PartWork(0, "/images/list.txt", 0, 100, 250, 0, 10, "/results", IsJoin: false), first[0]);
        Assert.AreEqual(new PartWork(2, "/images/list.txt", 200, 250, 250, 20, 5, "/results", IsJoin: false), second.Single());
        CollectionAssert.AreEqual(new[] { 0, 1 }, Numbers(first));
        Assert.IsEmpty(Exchange(board, _first, free: 2, held: [0, 1]).Parts);
    }

    [TestMethod]
    public void When_all_parts_are_done_one_silo_joins_them_and_the_job_is_completed()
    {
        var board = new JobBoard(_plan, _state);
        Exchange(board, _first, free: 3);

        PartWork join = Exchange(board, _first, free: 2, ended: [Done(0), Done(1, errors: 4), Done(2)]).Parts.Single();
        Assert.IsTrue(join.IsJoin);
        Assert.IsEmpty(Exchange(board, _second, free: 2).Parts);
        Assignment last = Exchange(board, _first, free: 2, ended: [Done(join.Part)]);

        Assert.IsFalse(last.IsRunning);
        Assert.IsFalse(Exchange(board, _second, free: 2).IsRunning);
        Assert.AreEqual(
            new ScoringProgress(ScoringJobStatus.Completed, 25, 25, 4, 3, 3, Path.Combine("/results", "results.jsonl"), null), board.Progress);
    }

    [TestMethod]
    public void An_end_that_is_told_twice_counts_once()
    {
        var board = new JobBoard(_plan, _state);
        Exchange(board, _first, free: 1);

        Exchange(board, _first, free: 0, ended: [Done(0, errors: 1)]);
        Exchange(board, _second, free: 0, ended: [Done(0, errors: 1)]);

        Assert.AreEqual((1, 10L, 1L), (board.Progress.PartsDone, board.Progress.ImagesDone, board.Progress.Errors));
    }

    [TestMethod]
    public void Parts_of_a_dead_silo_go_to_another()
    {
        var board = new JobBoard(_plan, _state);
        Exchange(board, _first, free: 3);
        Assert.IsEmpty(Exchange(board, _second, free: 3).Parts);

        _dead.Add(_first);

        CollectionAssert.AreEquivalent(new[] { 0, 1, 2 }, Numbers(Exchange(board, _second, free: 3).Parts));
    }

    [TestMethod]
    public void A_part_whose_silo_does_not_know_of_it_goes_out_again()
    {
        var board = new JobBoard(_plan, _state);
        Exchange(board, _first, free: 2);

        // The answer with part 1 was lost.
        PartWork[] parts = Exchange(board, _first, free: 2, held: [0]).Parts;

        CollectionAssert.AreEquivalent(new[] { 1, 2 }, Numbers(parts));
    }

    [TestMethod]
    public void A_board_that_is_made_anew_learns_from_silos_who_works_on_what()
    {
        Exchange(new JobBoard(_plan, _state), _first, free: 1, ended: []);
        Exchange(new JobBoard(_plan, _state), _first, free: 1, held: [], ended: [Done(0)]);
        var board = new JobBoard(_plan, _state);

        Exchange(board, _first, free: 0, held: [2]);

        CollectionAssert.AreEqual(new[] { 1 }, Numbers(Exchange(board, _second, free: 3).Parts));
    }

    [TestMethod]
    public void A_part_that_fails_is_tried_as_often_as_the_job_says()
    {
        var board = new JobBoard(_plan, _state);
        Exchange(board, _first, free: 3);

        Exchange(board, _first, free: 0, held: [0, 2], ended: [Failed(1)]);
        CollectionAssert.AreEqual(new[] { 1 }, Numbers(Exchange(board, _second, free: 1).Parts));
        Assert.IsFalse(Exchange(board, _second, free: 0, ended: [Failed(1)]).IsRunning);

        Assert.AreEqual(ScoringJobStatus.Failed, board.Progress.Status);
        Assert.AreEqual("Part 1 (images 10 to 19 of the list) was started 2 times and never finished: The disk is full.", board.Progress.Message);
    }

    [TestMethod]
    public void A_part_that_ends_its_silos_ends_the_job()
    {
        var board = new JobBoard(_plan, _state);
        SiloAddress[] silos = [.. Enumerable.Range(1, 3).Select(port => SiloAddress.New(IPAddress.Loopback, port, 1))];
        foreach (SiloAddress silo in silos[..2])
        {
            Exchange(board, silo, free: 3);
            _dead.Add(silo);
        }

        Assert.IsFalse(Exchange(board, silos[2], free: 3).IsRunning);
        StringAssert.Contains(board.Progress.Message, "the silo that worked on it ended");
    }

    [TestMethod]
    public void A_part_that_is_given_back_was_not_tried()
    {
        var board = new JobBoard(_plan, _state);
        for (int i = 0; i < 5; i++)
        {
            Assert.Contains(0, Numbers(Exchange(board, _first, free: 3).Parts));
            Exchange(board, _first, free: 0, ended: [.. Enumerable.Range(0, 3).Select(part => new PartEnd(part, PartOutcome.Returned, 0, null))]);
        }

        Assert.IsTrue(board.IsRunning);
    }

    [TestMethod]
    public void A_silo_with_another_model_gets_nothing_and_the_progress_says_so()
    {
        var board = new JobBoard(_plan, _state);
        Exchange(board, _first, free: 1);

        Assignment refused = board.Exchange(new SiloReport(_second, "another", [], [], 2), _ => true, out bool isChanged);

        Assert.IsFalse(isChanged);
        Assert.IsTrue(refused.IsRunning);
        Assert.IsEmpty(refused.Parts);
        StringAssert.Contains(board.Progress.Message, "has a different model");

        _dead.Add(_second);
        Exchange(board, _first, free: 0, held: [0]);
        Assert.IsNull(board.Progress.Message);
    }

    private static int[] Numbers(PartWork[] parts) => [.. parts.Select(part => part.Part)];

    private static PartEnd Done(int part, int errors = 0) => new(part, PartOutcome.Done, errors, null);

    private static PartEnd Failed(int part) => new(part, PartOutcome.Failed, 0, "The disk is full.");

    private Assignment Exchange(JobBoard board, SiloAddress silo, int free, int[]? held = null, PartEnd[]? ended = null)
        => board.Exchange(new SiloReport(silo, "model", held ?? [], ended ?? [], free), other => !_dead.Contains(other), out _);
}
