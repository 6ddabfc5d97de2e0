using Microsoft.ML.Runtime;

namespace RePaViT;

public sealed partial class ImageClassificationRePaViTTrainer
{
    /// <summary>The model to go on from, whichever option brings it; null to start from random weights.</summary>
    private RePaViTModel? InitialModelOf(IChannel channel)
    {
        RePaViTModel? initial = _options.InitialModel?.TrainedModel ?? _options.InitialModel?.Model;
        if (initial is not null && _options.Architecture != new Options().Architecture)
        {
            channel.Warning(
                MessageSensitivity.None,
                $"{nameof(Options.Architecture)} is not used: {nameof(Options.InitialModel)} brings its own.");
        }

        return initial;
    }
}
