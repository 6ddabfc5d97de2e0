using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

/// <summary>What is stored of runs, by generated code, against what the serializer does by itself with the same settings.</summary>
[TestClass]
public sealed class RunJsonTests
{
    private static readonly JsonSerializerOptions Reflection = new(JsonSerializerDefaults.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    private static readonly RunDescription[] Runs =
    [
        Run(TrainingRun.Architecture, new TrainingRecipe { Augmentation = AugmentationOptions.None, GradientClipNorm = null, EmaDecay = null }),
        Run(
            TrainingRun.Architecture with { ActiveChannels = [3, 120], IdleHeuristic = IdleHeuristic.Linear },
            TrainingRun.Recipe with
            {
                Augmentation = AugmentationOptions.DeiT,
                EarlyStopping = new EarlyStopping(4),
                Optimizer = OptimizerKind.Lamb,
                ChannelIdleMethod = ChannelIdleMethod.Auto,
            }),
        Run(new MixerArchitecture { Dim = 8, Depth = 1, IdleRatio = null, Classes = 3 }, TrainingRecipe.FineTune),
        Run(TrainingRun.Swin, TrainingRecipe.FineTune),
        Run(TrainingRun.PoolFormer, TrainingRecipe.FineTune),
        Run(TrainingRun.LVViT with { ResidualDivisor = 1.5 }, TrainingRecipe.FineTune),
    ];

    private static readonly string[] OtherValues = ["null", "true", "-1", "1.5", "1e999", "\"text\"", "\"\\ud800\"", "[]", "[null]", "{\"x\":0}"];

    [TestMethod]
    public void Every_family_has_a_run_here()
        => CollectionAssert.AreEquivalent(
            typeof(Architecture).GetCustomAttributes<JsonDerivedTypeAttribute>().Select(family => family.DerivedType).ToArray(),
            Runs.Select(run => run.Model.Architecture.GetType()).Distinct().ToArray());

    [TestMethod]
    public void The_same_texts_are_written()
    {
        foreach (RunDescription run in Runs)
        {
            Assert.AreEqual(JsonSerializer.Serialize(run, Reflection), RunJson.Stored.Write(run));
            Assert.AreEqual(JsonSerializer.Serialize(run.Model, Reflection), run.Model.ToJson());
        }

        var state = new TrainingState { LossSum = 1.0 / 3 };
        state.FinishEpoch(validation: null);
        state.FinishEpoch(new Evaluation(0.5, 0.1, 7));
        Assert.AreEqual(JsonSerializer.Serialize(state, Reflection), RunJson.Stored.Write(state));
    }

    /// <summary>Runs and models from before there was a choice say nothing of how files are decoded.</summary>
    [TestMethod]
    public void A_run_that_says_nothing_of_decoding_is_read_and_continued()
    {
        RunDescription run = Runs[0];
        RunDescription older = run with { Model = run.Model with { Preprocessing = run.Model.Preprocessing with { Decoding = null } } };
        string json = RunJson.Stored.Write(older);

        Assert.IsFalse(json.Contains("decoding", StringComparison.Ordinal), json);
        Assert.IsNull(RunJson.Stored.Parse<RunDescription>(json)!.Model.Preprocessing.Decoding);
        Assert.IsNull(ModelDescription.FromJson(older.Model.ToJson()).Preprocessing.Decoding);
        Assert.IsNull(run.DifferenceFrom(older));
    }

    /// <summary>What has its default is not there, as in descriptions from before there was a choice.</summary>
    [TestMethod]
    public void Kinds_of_feed_forward_layers_are_written_where_they_are_not_the_papers()
    {
        RunDescription run = Runs[0];
        Architecture other = run.Model.Architecture with { FeedForwardNorm = FeedForwardNorm.LayerNorm, FeedForwardStructure = FeedForwardStructure.Merged };
        RunDescription chosen = run with { Model = run.Model with { Architecture = other } };
        string json = RunJson.Stored.Write(chosen);

        Assert.AreEqual(JsonSerializer.Serialize(chosen, Reflection), json);
        StringAssert.Contains(json, "\"feedForwardNorm\":\"layerNorm\",\"feedForwardStructure\":\"merged\"");
        Assert.AreEqual(other, RunJson.Stored.Parse<RunDescription>(json)!.Model.Architecture);
        Assert.AreEqual(other, ModelDescription.FromJson(chosen.Model.ToJson()).Architecture);

        string older = RunJson.Stored.Write(run);
        Assert.IsFalse(older.Contains("feedForward", StringComparison.Ordinal), older);
        Assert.AreEqual(run.Model.Architecture, RunJson.Stored.Parse<RunDescription>(older)!.Model.Architecture);
        Assert.AreEqual(run.Model.Architecture, ModelDescription.FromJson(run.Model.ToJson()).Architecture);
        Assert.ThrowsExactly<InvalidDataException>(
            () => ModelDescription.FromJson(chosen.Model.ToJson().Replace("layerNorm", "groupNorm", StringComparison.Ordinal)));
    }

    /// <summary>The same of networks that other projects have.</summary>
    [TestMethod]
    public void What_only_other_projects_have_is_written_where_it_is_not_the_default()
    {
        foreach (ViTArchitecture other in new[] { TrainingRun.Registers, TrainingRun.Distilled, TrainingRun.Architecture with { AveragePooling = true } })
        {
            RunDescription run = Run(other, TrainingRecipe.FineTune);

            Assert.AreEqual(JsonSerializer.Serialize(run, Reflection), RunJson.Stored.Write(run));
            Assert.AreEqual(other, RunJson.Stored.Parse<RunDescription>(RunJson.Stored.Write(run))!.Model.Architecture);
            Assert.AreEqual(other, ModelDescription.FromJson(run.Model.ToJson()).Architecture);
        }

        string json = Runs[0].Model.ToJson();
        foreach (string member in new[] { "patchBias", "omitsTokenNorm", "normEpsilon", "registerTokens", "averagePooling", "feedForwardActivation", "distillationToken" })
        {
            Assert.IsFalse(json.Contains(member, StringComparison.Ordinal), json);
        }
    }

    /// <summary>The same of what recipes did not say at first.</summary>
    [TestMethod]
    public void Later_members_of_a_recipe_are_written_where_they_are_asked_for()
    {
        RunDescription run = Run(TrainingRun.Architecture, TrainingRecipe.FineTune with { LayerDecay = 0.75, TrainedBlocks = 0, ChannelIdleMethod = ChannelIdleMethod.Convert });
        string json = RunJson.Stored.Write(run);
        Assert.AreEqual(JsonSerializer.Serialize(run, Reflection), json);
        StringAssert.Contains(json, "\"layerDecay\":0.75,\"trainedBlocks\":0,\"channelIdleMethod\":\"convert\"");
        Assert.AreEqual(run.Recipe, RunJson.Stored.Parse<RunDescription>(json)!.Recipe);

        string older = RunJson.Stored.Write(Runs[0]);
        foreach (string member in new[] { "layerDecay", "trainedBlocks", "channelIdleMethod" })
        {
            Assert.IsFalse(older.Contains(member, StringComparison.Ordinal), older);
        }
    }

    [TestMethod]
    public void The_same_values_are_refused()
    {
        foreach (RunDescription run in Runs)
        {
            string json = RunJson.Stored.Write(run);
            foreach (JsonNode node in Nodes(JsonNode.Parse(json)!).Skip(1))
            {
                string path = node.GetPath();
                foreach (string value in OtherValues)
                {
                    const string Placeholder = "\"to be replaced\"";
                    JsonNode root = JsonNode.Parse(json)!;
                    Nodes(root).Single(other => other.GetPath() == path).ReplaceWith(JsonNode.Parse(Placeholder));
                    string changed = root.ToJsonString().Replace(Placeholder, value, StringComparison.Ordinal);
                    Assert.AreEqual(
                        Written(() => JsonSerializer.Deserialize<RunDescription>(changed, Reflection)),
                        Written(() => RunJson.Stored.Parse<RunDescription>(changed)),
                        $"{path}: {value}");
                }
            }
        }
    }

    [TestMethod]
    public void Members_that_are_missing_unknown_or_there_twice_are_refused()
    {
        foreach (RunDescription run in Runs)
        {
            string json = RunJson.Stored.Write(run);
            foreach (JsonObject parent in Nodes(JsonNode.Parse(json)!).OfType<JsonObject>())
            {
                string text = parent.ToJsonString();
                foreach ((string name, JsonNode? value) in parent)
                {
                    string member = $"\"{name}\":{value?.ToJsonString() ?? "null"}";
                    if (name != "decoding")
                    {
                        AssertRefused(json.Replace(text, WithoutMember(parent, name), StringComparison.Ordinal), $"{member} is missing");
                    }

                    AssertRefused(json.Replace(text, $"{{{member},{text[1..]}", StringComparison.Ordinal), $"{member} appears twice");
                    AssertRefused(json.Replace(text, $"{text[..^1]},\"{name}X\":0}}", StringComparison.Ordinal), $"{name}X is unknown");
                }
            }
        }
    }

    private static RunDescription Run(Architecture architecture, TrainingRecipe recipe) => new()
    {
        Model = new ModelDescription
        {
            Architecture = architecture,
            Form = NetworkForm.Trained,
            ClassNames = ["é", "\"", "c"],
            Preprocessing = new ImagePreprocessing { Interpolation = Interpolation.Bilinear, ReducedSide = 9 },
        },
        Recipe = recipe,
        TrainingImages = 100,
        TrainingHash = "AB",
        ValidationImages = recipe.EarlyStopping is null ? null : 10,
        ValidationHash = recipe.EarlyStopping is null ? null : "CD",
    };

    private static IEnumerable<JsonNode> Nodes(JsonNode node)
    {
        IEnumerable<JsonNode?> children = node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray list => list,
            _ => [],
        };
        return children.OfType<JsonNode>().SelectMany(Nodes).Prepend(node);
    }

    private static string WithoutMember(JsonObject parent, string name)
    {
        JsonNode rest = parent.DeepClone();
        rest.AsObject().Remove(name);
        return rest.ToJsonString();
    }

    /// <summary>What was read, or that it was refused.</summary>
    private static string Written(Func<RunDescription?> read)
    {
        try
        {
            return JsonSerializer.Serialize(read(), Reflection);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException or ArgumentException)
        {
            return "refused";
        }
    }

    private static void AssertRefused(string json, string what)
        => Assert.ThrowsExactly<JsonException>(() => RunJson.Stored.Parse<RunDescription>(json), what);
}
