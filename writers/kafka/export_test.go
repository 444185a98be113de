package kafka

// Identifiers that tests use.
const (
	SASLPlain     = saslPlain
	SASLScram256  = saslScram256
	SASLScram512  = saslScram512
	TooLargeAside = tooLargeAside
)

var (
	SchemaVersion = schemaVersion
	// InterruptGrace shortens the time after an interrupt.
	InterruptGrace = &interruptGrace

	Explain = explain

	DropAside          = dropAside
	DropRefused        = dropRefused
	DropSpoolFull      = dropSpoolFull
	DropSpooled        = dropSpooled
	DropUnacknowledged = dropUnacknowledged
)
