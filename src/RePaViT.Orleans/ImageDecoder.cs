namespace RePaViT;

/// <summary>Decodes an image file for a model, on several threads at once. RePaViT.MLNet's <c>ImageFile.Decode</c> is one.</summary>
/// <param name="file">The bytes of the file.</param>
/// <param name="model">
/// The model that the image is for; its <see cref="ImagePreprocessing.Decoding"/> says how images were decoded in its
/// training.
/// </param>
/// <remarks>An exception that it throws becomes the result of that image; the job goes on.</remarks>
public delegate RgbImage ImageDecoder(ReadOnlyMemory<byte> file, RePaViTModel model);
