using RePaViT.PhotoSimilarity;

return SimilarityCommand.Run(args);
