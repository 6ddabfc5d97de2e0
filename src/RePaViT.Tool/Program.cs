using RePaViT.Tool;

return Tool.Run(args);
