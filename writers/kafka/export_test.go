package kafka

// SchemaVersion is schemaVersion, for tests.
var SchemaVersion = schemaVersion

// InterruptGrace is interruptGrace, for tests.
var InterruptGrace = &interruptGrace
