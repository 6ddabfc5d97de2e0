-- What Orleans' providers for databases ask for, in SQLite: they look up their queries by name, and there is none of clustering for
-- SQLite among those that come with them. Each change is one statement, so that nothing is left half done by a process that is killed.

CREATE TABLE IF NOT EXISTS OrleansQuery
(
    QueryKey TEXT PRIMARY KEY,
    QueryText TEXT NOT NULL
);

-- Who belongs to the cluster. Every change of it counts, and is made only by who has seen all earlier ones.
CREATE TABLE IF NOT EXISTS ClusterVersion
(
    DeploymentId TEXT PRIMARY KEY,
    Version INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS ClusterMember
(
    DeploymentId TEXT NOT NULL,
    Address TEXT NOT NULL,
    Port INTEGER NOT NULL,
    Generation INTEGER NOT NULL,
    SiloName TEXT NOT NULL,
    HostName TEXT NOT NULL,
    Status INTEGER NOT NULL,
    ProxyPort INTEGER NOT NULL,
    SuspectTimes TEXT,
    StartTime TEXT NOT NULL,
    IAmAliveTime TEXT NOT NULL,
    PRIMARY KEY (DeploymentId, Address, Port, Generation)
);

CREATE TRIGGER IF NOT EXISTS MemberAdded AFTER INSERT ON ClusterMember
BEGIN
    UPDATE ClusterVersion SET Version = Version + 1 WHERE DeploymentId = NEW.DeploymentId;
END;

CREATE TRIGGER IF NOT EXISTS MemberChanged AFTER UPDATE OF Status ON ClusterMember
BEGIN
    UPDATE ClusterVersion SET Version = Version + 1 WHERE DeploymentId = NEW.DeploymentId;
END;

INSERT OR REPLACE INTO OrleansQuery VALUES
('InsertMembershipVersionKey', '
    INSERT OR IGNORE INTO ClusterVersion VALUES (@DeploymentId, 0);
    SELECT changes();'),
('InsertMembershipKey', '
    INSERT OR IGNORE INTO ClusterMember
    SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, NULL, @StartTime, @IAmAliveTime
    FROM ClusterVersion WHERE DeploymentId = @DeploymentId AND Version = @Version;
    SELECT changes();'),
('UpdateMembershipKey', '
    UPDATE ClusterMember SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime
    WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
        AND EXISTS (SELECT 1 FROM ClusterVersion WHERE DeploymentId = @DeploymentId AND Version = @Version);
    SELECT changes();'),
('UpdateIAmAlivetimeKey', '
    UPDATE ClusterMember SET IAmAliveTime = @IAmAliveTime
    WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation;'),
('MembershipReadRowKey', '
    SELECT v.DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, SuspectTimes, StartTime, IAmAliveTime, Version
    FROM ClusterVersion v LEFT JOIN ClusterMember m
        ON m.DeploymentId = v.DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
    WHERE v.DeploymentId = @DeploymentId;'),
('MembershipReadAllKey', '
    SELECT v.DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, SuspectTimes, StartTime, IAmAliveTime, Version
    FROM ClusterVersion v LEFT JOIN ClusterMember m ON m.DeploymentId = v.DeploymentId
    WHERE v.DeploymentId = @DeploymentId;'),
('DeleteMembershipTableEntriesKey', '
    DELETE FROM ClusterMember WHERE DeploymentId = @DeploymentId;
    DELETE FROM ClusterVersion WHERE DeploymentId = @DeploymentId;'),
('GatewaysQueryKey', '
    SELECT Address, ProxyPort, Generation FROM ClusterMember
    WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0;'),
-- 3: an active silo.
('CleanupDefunctSiloEntriesKey', '
    DELETE FROM ClusterMember WHERE DeploymentId = @DeploymentId AND IAmAliveTime < @IAmAliveTime AND Status <> 3;');

-- The state of grains, written only by who has read the version before.
CREATE TABLE IF NOT EXISTS GrainState
(
    ServiceId TEXT NOT NULL,
    GrainType TEXT NOT NULL,
    GrainN0 INTEGER NOT NULL,
    GrainN1 INTEGER NOT NULL,
    GrainName TEXT NOT NULL,
    Payload BLOB,
    Version INTEGER NOT NULL,
    PRIMARY KEY (ServiceId, GrainType, GrainN0, GrainN1, GrainName)
);

INSERT OR REPLACE INTO OrleansQuery VALUES
('ReadFromStorageKey', '
    SELECT Payload AS PayloadBinary, Version FROM GrainState
    WHERE ServiceId = @ServiceId AND GrainType = @GrainTypeString AND GrainN0 = @GrainIdN0 AND GrainN1 = @GrainIdN1
        AND GrainName = ifnull(@GrainIdExtensionString, '''');'),
('WriteToStorageKey', '
    INSERT INTO GrainState
    VALUES (@ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, ifnull(@GrainIdExtensionString, ''''), @PayloadBinary, 1)
    ON CONFLICT DO UPDATE SET Payload = excluded.Payload, Version = Version + 1 WHERE Version = @GrainStateVersion
    RETURNING Version AS NewGrainStateVersion;'),
('ClearStorageKey', '
    UPDATE GrainState SET Payload = NULL, Version = Version + 1
    WHERE ServiceId = @ServiceId AND GrainType = @GrainTypeString AND GrainN0 = @GrainIdN0 AND GrainN1 = @GrainIdN1
        AND GrainName = ifnull(@GrainIdExtensionString, '''') AND Version = @GrainStateVersion
    RETURNING Version AS NewGrainStateVersion;');
