package writers

// Identifiers that tests use.
const (
	DropFiltered = dropFiltered
	NamesZeekctl = namesZeekctl
	NamesRITA    = namesRITA
)
