namespace RePaViT;

/// <summary>Decodes an image file for a model, on several threads at once. RePaViT.MLNet's <c>ImageFile.Decode</c> does.</summary>
/// <param name="file">The bytes of the file.</param>
/// <param name="model">What the image is for; its <see cref="ImagePreprocessing.Decoding"/> says how it was trained.</param>
/// <remarks>Whatever it throws is the result of that image; the job continues.</remarks>
public delegate RgbImage ImageDecoder(ReadOnlyMemory<byte> file, RePaViTModel model);
