namespace RePaViT.Training;

/// <summary>What networks are distilled from, before there are images.</summary>
internal interface IDistillationTeacher
{
    /// <summary>Checks what can be checked without data.</summary>
    /// <exception cref="ArgumentException">It cannot teach this network; the message says why.</exception>
    void ThrowUnlessUsable(Architecture student);

    /// <summary>Makes it ready for a run.</summary>
    /// <param name="output">The part of its output that is learned.</param>
    /// <param name="training">The training images.</param>
    /// <exception cref="ArgumentException">It is not for these images, or their classes.</exception>
    IDistillationSource Open(TeacherOutput output, IImageDataset training);
}

/// <summary>What of a teacher is learned.</summary>
internal enum TeacherOutput
{
    /// <summary>Scores of the classes.</summary>
    Scores,

    /// <summary>A vector of any length.</summary>
    Features,
}

/// <summary>Gives what a teacher says about images. Safe to use from several threads at once.</summary>
internal interface IDistillationSource
{
    /// <summary>What it is, by a hash of its content.</summary>
    string Identity { get; }

    /// <summary>Numbers for each image.</summary>
    int Columns { get; }

    /// <summary>Whether it looks at the images of a batch, as they are before they are normalized.</summary>
    bool SeesBatches { get; }

    /// <summary>Gives logits or features.</summary>
    /// <param name="views">The images, and what of each is seen.</param>
    /// <param name="pixels">The prepared images, [count, 3, size, size] from 0 to 255; empty unless it looks at them.</param>
    /// <param name="rows">Gets [count, columns].</param>
    void Read(ImageView[] views, ReadOnlySpan<float> pixels, Span<float> rows);

    /// <summary>Rows of training images as they are: all, or enough to know how they are distributed.</summary>
    IEnumerable<float[]> Sample();
}
