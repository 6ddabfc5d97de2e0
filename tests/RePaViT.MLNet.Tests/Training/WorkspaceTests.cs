using RePaViT.MLNet.Training;

namespace RePaViT.MLNet.Tests.Training;

[TestClass]
public class WorkspaceTests
{
    [TestMethod]
    public void A_temporary_folder_that_somebody_else_deleted_is_no_problem()
    {
        string folder;
        using (var workspace = new Workspace(path: null))
        {
            folder = workspace.Folder;
            Assert.IsTrue(Directory.Exists(folder));
            Directory.Delete(folder, recursive: true);
        }

        Assert.IsFalse(Directory.Exists(folder));
    }
}
