using Microsoft.ML.Runtime;
using RePaViT.MLNet.Training;

namespace RePaViT;

public sealed partial class ImageClassificationRePaViTTrainer
{
    /// <summary>The model to continue from, whichever option provides it; null to start from random weights.</summary>
    private RePaViTModel? InitialModelOf(IChannel channel)
    {
        RePaViTModel? initial = _options.Pretrained is PretrainedSource source
            ? Read(source, channel)
            : _options.StartModel;
        if (initial is not null && _options.Architecture != new Options().Architecture)
        {
            string option = _options.Pretrained is null ? nameof(Options.InitialModel) : nameof(Options.Pretrained);
            string part = _options.Converts(initial) ? ", apart from its idle ratio" : "";
            channel.Warning(MessageSensitivity.None, $"{nameof(Options.Architecture)} is not used{part}: {option} brings its own.");
        }

        return initial;
    }

    private RePaViTModel Read(PretrainedSource source, IChannel channel)
    {
        PretrainedOptions asked = _options.PretrainedOptions ?? new PretrainedOptions();
        PretrainedReport? found = null;
        RePaViTModel model = RePaViTModel.LoadPretrained(source, asked with { Report = report => found = report }, _options.CancellationToken);
        channel.Info(MessageSensitivity.UserData, TrainingLog.Describe(source, found!));
        asked.Report?.Invoke(found!);
        return model;
    }
}
