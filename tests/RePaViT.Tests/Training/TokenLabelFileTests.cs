using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using RePaViT.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Pixels;

namespace RePaViT.Tests.Training;

/// <summary>Files of token labels: what is written and read, and what is refused.</summary>
[TestClass]
public sealed class TokenLabelFileTests
{
    private const int Images = 4;

    // Scores are rounded to 16 bits.
    private const float Tolerance = 1e-3f;

    private static readonly InMemoryImageDataset Dataset = TrainingRun.Dataset(Images, seed: 1);
    private static readonly int[] Shape = [Images, 1, 2, 2];

    [TestMethod]
    public void Patches_of_an_image_get_the_classes_of_its_places_and_all_classes_share_the_rest()
    {
        using var folder = new TemporaryFolder();
        int[] classes = new int[16];
        float[] scores = new float[16];

        // The third image: class 2 and a little of 0 to the left, class 1 to the right.
        (classes[8], classes[9], classes[10], classes[11]) = (2, 0, 1, 0);
        (scores[8], scores[9], scores[10], scores[11]) = (0.5f, 0.2f, 1, 0);
        using TokenLabelReader reader = TokenLabelReader.Open(WriteFile(folder, "I32", classes, "F32", scores), Dataset);
        float[] targets = new float[5 * 3];
        reader.Fill([new ImageView(2, AffineTransform.Identity)], [], 2, targets);

        float[] left = [0.2f + 0.1f, 0.1f, 0.5f + 0.1f];
        float[] right = [0, 1, 0];
        float[] whole = [.. left.Zip(right, (a, b) => (a + b) / 2)];
        AssertNear([.. whole, .. left, .. right, .. left, .. right], targets, 1e-6f);
    }

    [TestMethod]
    [DataRow("I64", "F16")]
    [DataRow("I32", "F16")]
    [DataRow("I64", "F32")]
    public void Every_accepted_type_gives_the_same_labels(string classType, string scoreType)
    {
        using var folder = new TemporaryFolder();
        int[] classes = [.. Enumerable.Range(0, 16).Select(i => i % 3)];
        float[] scores = [.. Enumerable.Range(0, 16).Select(i => i / 32f)];
        AssertNear(Read("I32", "F32"), Read(classType, scoreType), 0);

        float[] Read(string classType, string scoreType)
        {
            using TokenLabelReader reader = TokenLabelReader.Open(WriteFile(folder, classType, classes, scoreType, scores), Dataset);
            float[] targets = new float[Images * 5 * 3];
            reader.Fill([.. Enumerable.Range(0, Images).Select(i => new ImageView(i, AffineTransform.Identity))], [], 2, targets);
            return targets;
        }
    }

    public static IEnumerable<object[]> Teachers() => [[TrainingRun.LVViT], [TrainingRun.Mixer], [TrainingRun.Swin], [TrainingRun.PoolFormer]];

    [TestMethod]
    [DynamicData(nameof(Teachers))]
    public void What_a_teacher_says_of_places_is_written(Architecture architecture)
    {
        using var folder = new TemporaryFolder();
        InMemoryImageDataset square = Squares();
        RePaViTModel teacher = Teacher(architecture, square);
        string path = folder.File("labels");
        TokenLabelFile.Write(path, teacher, square, classesPerPlace: 3);

        // Of square images, a batch has what a file has. Three classes of three leave nothing out.
        using TokenLabelReader reader = TokenLabelReader.Open(path, square);
        using TeacherLabels made = TeacherLabels.Of(teacher, square.ClassNames);
        ImageView[] views = [.. Enumerable.Range(0, Images).Select(i => new ImageView(i, AffineTransform.Identity))];
        float[] read = new float[Images * 10 * 3];
        reader.Fill(views, [], 3, read);
        float[] expected = new float[read.Length];
        made.Fill(views, Pixels(teacher, square), 3, expected);
        for (int image = 0; image < Images; image++)
        {
            AssertNear(expected.AsSpan(image * 30 + 3, 27).ToArray(), read.AsSpan(image * 30 + 3, 27).ToArray(), Tolerance);
        }
    }

    /// <summary>An LV-ViT's answer has a share of the greatest logits of patches besides.</summary>
    public static IEnumerable<object[]> AveragingTeachers() => Teachers().Where(teacher => teacher[0] is not LVViTArchitecture);

    [TestMethod]
    [DynamicData(nameof(AveragingTeachers))]
    public void The_label_of_an_image_is_the_answer_of_its_teacher(Architecture architecture)
    {
        InMemoryImageDataset square = Squares();
        RePaViTModel teacher = Teacher(architecture, square);
        using TeacherLabels labels = TeacherLabels.Of(teacher, square.ClassNames);
        float[] targets = new float[Images * 10 * 3];
        labels.Fill([.. Enumerable.Range(0, Images).Select(i => new ImageView(i, AffineTransform.Identity))], Pixels(teacher, square), 3, targets);
        for (int image = 0; image < Images; image++)
        {
            AssertNear([.. teacher.Predict(square.GetImage(image)).Probabilities], targets.AsSpan(image * 30, 3).ToArray(), 1e-5f);
        }
    }

    [TestMethod]
    public void Fewer_classes_are_kept_where_fewer_are_asked_for()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("labels");
        InMemoryImageDataset square = Squares();
        TokenLabelFile.Write(path, Teacher(TrainingRun.Mixer, square), square, classesPerPlace: 2);
        SafetensorsFile file = Safetensors.Read(path);
        int[] shape = [Images, 3, 3, 2];
        CollectionAssert.AreEqual(shape, file.Tensors["classes"].Shape.ToArray());
        ReadOnlySpan<float> scores = file.Tensors["scores"].Data;
        for (int i = 0; i < scores.Length; i += 2)
        {
            Assert.IsTrue(scores[i] >= scores[i + 1] && scores[i] >= 1f / 3 && scores[i + 1] >= 0, $"{i}: {scores[i]}, {scores[i + 1]}");
        }
    }

    [TestMethod]
    public void A_teacher_that_says_nothing_of_patches_or_has_other_classes_is_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("labels");
        RePaViTModel vit = Teacher(TrainingRun.Architecture, Dataset);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => TokenLabelFile.Write(path, vit, Dataset)).Message, "an LV-ViT is needed");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => TokenLabels.FromTeacher(vit)).Message, "an LV-ViT is needed");
        RePaViTModel other = Teacher(TrainingRun.Mixer with { Classes = 2 }, TrainingRun.Dataset(4, seed: 1, classes: 2));
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => TokenLabelFile.Write(path, other, Dataset)).Message, "class names that differ");
        Assert.IsFalse(File.Exists(path));
    }

    [TestMethod]
    public void Hostile_files_are_refused_with_what_is_wrong()
    {
        int[] classes = new int[16];
        float[] scores = new float[16];
        AssertRefused("'classes' has 3 for image 2 at row 0, column 1, but a class from 0 to 2 is needed", With(classes, 11, 3), scores);
        AssertRefused("'classes' has -1 for image 0 at row 0, column 0", With(classes, 0, -1), scores);
        AssertRefused("'scores' has NaN for image 0 at row 0, column 0", classes, With(scores, 1, float.NaN));
        AssertRefused("'scores' has -0.5 for image 3", classes, With(scores, 15, -0.5f));
        AssertRefused("probabilities that add up to at most 1 are needed", classes, With(With(scores, 2, 0.6f), 3, 0.6f));
        AssertRefused("'scores' has Infinity for image 0", classes, With(scores, 0, float.PositiveInfinity));
        AssertRefused("labels for 2 images, but there are 4 training images", classes, scores, shape: [2, 2, 2, 2]);
        AssertRefused("has shape [16]", classes, scores, shape: [16]);
        AssertRefused("at most 3 of these", classes, scores, shape: [4, 1, 1, 4]);
        AssertRefused("Tensor 'classes' has type F32; I32 and I64 are accepted", classes, scores, classType: "F32");
        AssertRefused("Tensor 'scores' has type I32; F16 and F32 are accepted", classes, scores, scoreType: "I32");
        AssertRefused("Tensor 'scores' is missing", classes, scores, scoreName: "score");
        AssertRefused("class names that differ", classes, scores, classNames: "[\"a\",\"b\",\"c\"]");
        AssertRefused("is not a list of texts", classes, scores, classNames: "{");

        static T[] With<T>(T[] values, int index, T value)
        {
            T[] changed = [.. values];
            changed[index] = value;
            return changed;
        }
    }

    [TestMethod]
    public void Files_that_were_cut_or_damaged_anywhere_are_refused_or_read()
    {
        using var folder = new TemporaryFolder();
        byte[] file = File.ReadAllBytes(WriteFile(folder, "I32", new int[16], "F16", new float[16]));
        string path = folder.File("damaged");
        for (int length = 0; length < file.Length; length++)
        {
            File.WriteAllBytes(path, file[..length]);
            Assert.ThrowsExactly<InvalidDataException>(() => TokenLabelReader.Open(path, Dataset), $"{length} bytes");
        }

        for (int i = 0; i < file.Length; i++)
        {
            byte[] damaged = [.. file];
            damaged[i] ^= 0x55;
            File.WriteAllBytes(path, damaged);
            try
            {
                TokenLabelReader.Open(path, Dataset).Dispose();
            }
            catch (InvalidDataException)
            {
                // Whatever else is thrown fails the test.
            }
        }
    }

    [TestMethod]
    public void A_part_of_a_data_set_finds_its_labels_in_a_file_for_the_whole()
    {
        using var folder = new TemporaryFolder();
        int[] classes = new int[16];
        float[] scores = new float[16];
        for (int image = 0; image < Images; image++)
        {
            // What each place leaves to other classes tells the images apart.
            (scores[4 * image], scores[4 * image + 2]) = (image / 4f, image / 4f);
        }

        string path = WriteFile(folder, "I32", classes, "F32", scores);
        IImageDataset last = new SubsetImageDataset(new SubsetImageDataset(Dataset, [0, 1, 3]), [2]);
        using TokenLabelReader reader = TokenLabelReader.Open(path, last);
        float[] targets = new float[6];
        reader.Fill([new ImageView(0, AffineTransform.Identity)], [], 1, targets);
        Assert.AreEqual(0.75f + 0.25f / 3, targets[0], 1e-6f);

        var other = new SubsetImageDataset(TrainingRun.Dataset(5, seed: 1), [1, 2]);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => TokenLabelReader.Open(path, other)).Message,
            "labels for 4 images, but there are 2 training images, out of 5");
    }

    private static InMemoryImageDataset Squares()
    {
        var random = new Random(3);
        byte[] Pixels()
        {
            byte[] pixels = new byte[12 * 12 * 3];
            random.NextBytes(pixels);
            return pixels;
        }

        return new InMemoryImageDataset(
            Enumerable.Range(0, Images).Select(_ => new RgbImage(12, 12, Pixels())), Enumerable.Range(0, Images).Select(i => i % 3), ["a", "b", "c"]);
    }

    private static RePaViTModel Teacher(Architecture architecture, InMemoryImageDataset dataset)
        => new(architecture, NetworkForm.Trained, RandomWeights.Network(architecture, seed: 4).Weights, dataset.ClassNames);

    private static float[] Pixels(RePaViTModel teacher, InMemoryImageDataset dataset)
    {
        float[] pixels = new float[Images * 3 * 12 * 12];
        for (int image = 0; image < Images; image++)
        {
            teacher.Preprocessing.Prepare(dataset.GetImage(image), 12, pixels.AsSpan(image * 432, 432));
        }

        return pixels;
    }

    private static void AssertNear(float[] expected, float[] actual, float tolerance)
    {
        Assert.HasCount(expected.Length, actual);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.IsTrue(Math.Abs(expected[i] - actual[i]) <= tolerance, $"{i}: {actual[i]}, not {expected[i]}");
        }
    }

    private static void AssertRefused(
        string message,
        int[] classes,
        float[] scores,
        int[]? shape = null,
        string classType = "I32",
        string scoreType = "F32",
        string scoreName = "scores",
        string? classNames = null)
    {
        using var folder = new TemporaryFolder();
        string path = WriteFile(folder, classType, classes, scoreType, scores, shape, scoreName, classNames);
        var refusal = Assert.ThrowsExactly<InvalidDataException>(() => TokenLabelReader.Open(path, Dataset), message);
        StringAssert.Contains(refusal.Message, message);
        StringAssert.Contains(refusal.Message, path);
    }

    /// <summary>A file as another program would write it.</summary>
    private static string WriteFile(
        TemporaryFolder folder,
        string classType,
        int[] classes,
        string scoreType,
        float[] scores,
        int[]? shape = null,
        string scoreName = "scores",
        string? classNames = null)
    {
        byte[] classBytes = [.. classes.SelectMany(value => classType switch
        {
            "I64" => BitConverter.GetBytes((long)value),
            "I32" => BitConverter.GetBytes(value),
            _ => BitConverter.GetBytes((float)value),
        })];
        byte[] scoreBytes = [.. scores.SelectMany(value => scoreType switch
        {
            "F16" => BitConverter.GetBytes((Half)value),
            "I32" => BitConverter.GetBytes((int)value),
            _ => BitConverter.GetBytes(value),
        })];
        string dimensions = string.Join(",", shape ?? Shape);
        string metadata = classNames is null ? "" : $"\"__metadata__\":{{\"classNames\":{JsonSerializer.Serialize(classNames)}}},";
        byte[] header = Encoding.UTF8.GetBytes(
            "{" + metadata + Entry("classes", classType, 0, classBytes.Length) + ","
            + Entry(scoreName, scoreType, classBytes.Length, classBytes.Length + scoreBytes.Length) + "}");
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        string path = folder.File("labels.safetensors");
        File.WriteAllBytes(path, [.. length, .. header, .. classBytes, .. scoreBytes]);
        return path;

        string Entry(string name, string type, int begin, int end)
            => $$"""
            "{{name}}":{"dtype":"{{type}}","shape":[{{dimensions}}],"data_offsets":[{{begin}},{{end}}]}
            """;
    }
}
