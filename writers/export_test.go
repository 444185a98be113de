package writers

// Identifiers that tests use.
const (
	DropFiltered = dropFiltered
	NamesZeekctl = namesZeekctl
	NamesRITA    = namesRITA
)

// Busy calls f while the merger is locked, as it is during a Merge.
func (m *Merger) Busy(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}
