package kafka

// SchemaVersion is schemaVersion, for tests.
var SchemaVersion = schemaVersion
