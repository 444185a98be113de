package capture

import (
	"io"
	"iter"
)

// FromPackets returns a source of the packets that seq yields. It uses their
// Data, Time, OrigLen and Link. The data is copied, so seq may reuse its memory
// for the next packet. Packets come in batches of BatchPackets; seq should not
// wait for packets, since a run looks at its context only between batches.
func FromPackets(seq iter.Seq[Packet], o BatcherOptions) (Source, error) {
	s := new(packets)
	if err := s.batcher.init(o); err != nil {
		return nil, err
	}
	s.next, s.stop = iter.Pull(s.batches(seq))
	return s, nil
}

// packets is the source of FromPackets.
type packets struct {
	batcher Batcher
	next    func() (*Batch, bool)
	stop    func()
	err     error // of the filter
}

// batches yields batches, not packets, because each pull costs a switch of
// coroutines.
func (s *packets) batches(seq iter.Seq[Packet]) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		for p := range seq {
			if s.err = s.batcher.Copy(&p); s.err != nil {
				break
			}
			if s.batcher.Full() {
				if b := s.batcher.Take(); b != nil && !yield(b) {
					return
				}
			}
		}
		if b := s.batcher.End(); b != nil {
			yield(b)
		}
	}
}

func (s *packets) Next() (*Batch, error) {
	if b, ok := s.next(); ok {
		return b, nil
	}
	if s.err != nil {
		return nil, s.err
	}
	return nil, io.EOF
}

func (s *packets) Stats() Stats           { return s.batcher.Stats() }
func (s *packets) Damage() []*DamageError { return nil }

func (s *packets) Close() error {
	s.stop()
	s.err = nil
	return nil
}
