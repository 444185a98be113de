package capture

// A Source hands out the packets of a run in batches. *Reader is one, as are the
// results of FromPackets and FromGopacket. The methods are called from one
// goroutine at a time.
type Source interface {
	// Next returns the next batch, or io.EOF after the last one. Any other error
	// ends the run, such as a filter that has no meaning for a packet's link
	// type. Damage of the input is not such an error; see Damage.
	//
	// A batch may be short. Where batches are cut has no effect on logs and
	// events: a timer fires at the first packet at or after its deadline, in
	// whichever batch that is, and is ordered by the deadline; records are ordered
	// by the packet or timer that caused them, and both only rise from one batch to
	// the next. Only a capture that exceeds the limit on reassembly memory is an
	// exception, since data is copied into that memory at the end of a batch.
	//
	// A source that waits for packets should return after a
	// fraction of a second with what it has, even an empty batch: only between
	// batches does a run notice that it has been cancelled, and let time pass on
	// an idle link. Batches come from a Batcher, and may be released by any
	// goroutine, also after Close.
	Next() (*Batch, error)
	// Stats returns the counts so far. The caller may keep Stats.Files.
	Stats() Stats
	// Damage returns what has been wrong with the input so far, in the order in
	// which it was found.
	Damage() []*DamageError
	// Close releases what the source holds, except for batches that have not
	// been released. Next returns io.EOF after it.
	Close() error
}

// A Refilterer is a source whose filter can be replaced. A Batcher is one, and so are types
// that embed it.
type Refilterer interface {
	// SetFilter replaces BatcherOptions.Filter for the packets that are read from now on. It
	// is called by the goroutine that calls Next. An error, a *FilterError if the expression
	// is wrong, leaves the filter as it was.
	SetFilter(expr string) error
}

// An Acknowledged source wants to know when what its packets gave rise to is written.
type Acknowledged interface {
	// Written says that nothing of packets up to that number is only in memory any more,
	// other than of connections that are still open: whole tells that all was written, not
	// whole that some was lost. It is called by the goroutine that calls Next, and once
	// more before Close if the run came to its end.
	Written(packet uint64, whole bool)
}
