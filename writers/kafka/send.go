package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// Pauses between attempts.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// troubleAfter is how long all attempts may fail before the user is told.
const troubleAfter = 2 * time.Second

// invalidRecord is an error code that the library has no name for (KIP-467).
const invalidRecord kafkago.Error = 87

// A topic holds its partitions, once they are known.
type topic struct {
	place *Place
	name  string

	mu         sync.Mutex
	partitions []*partition
	// sticky is the partition for records without a key.
	sticky int
}

// known reports whether the partitions are known.
func (t *topic) known() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.partitions) > 0
}

// resolve asks for the partitions of the topic until the deadline, and reports whether
// they are known.
func (t *topic) resolve() bool {
	if t.known() {
		return true
	}
	begun := time.Now()
	for try := 0; ; try++ {
		n, err := t.ask()
		if err == nil {
			t.place.well()
			t.mu.Lock()
			for i := range n {
				t.partitions = append(t.partitions, newPartition(t, i))
			}
			t.mu.Unlock()
			return true
		}
		err = fmt.Errorf("topic %s: %w", t.name, err)
		t.place.trouble(err)
		if t.place.expired(begun, try) {
			t.place.giveUp(err)
			return false
		}
		pause(try)
	}
}

// ask returns the number of partitions of the topic.
func (t *topic) ask() (int, error) {
	c := t.place.cluster()
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	res, err := c.Transport.RoundTrip(ctx, c.Addr, &metadata.Request{
		TopicNames: []string{t.name}, AllowAutoTopicCreation: t.place.config.CreateTopics,
	})
	if err != nil {
		return 0, err
	}
	for _, found := range res.(*metadata.Response).Topics {
		switch {
		case found.Name != t.name:
		case found.ErrorCode != 0:
			return 0, kafkago.Error(found.ErrorCode)
		case len(found.Partitions) > 0:
			return len(found.Partitions), nil
		}
	}
	return 0, kafkago.UnknownTopicOrPartition
}

// put adds a message to the partition of its key. The place holds its bytes already.
func (t *topic) put(s *stream, seg *segment, m *message) {
	n := len(t.partitions)
	if m.key != nil {
		t.partitions[int(murmur2(m.key)&0x7fffffff)%n].put(s, seg, m)
	} else if t.partitions[t.sticky].put(s, seg, m) {
		t.sticky = (t.sticky + 1) % n
	}
}

func (t *topic) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.partitions {
		p.flush()
	}
}

// wake makes the partitions notice that the place is closing.
func (t *topic) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.partitions {
		p.signal()
	}
}

// A partition sends its batches one after another.
type partition struct {
	topic *topic
	place *Place
	index int
	event chan struct{}

	mu      sync.Mutex
	open    *batch   // takes records
	full    []*batch // waiting, oldest first
	hurry   bool     // send the open batch now
	started bool
}

func newPartition(t *topic, index int) *partition {
	return &partition{topic: t, place: t.place, index: index, event: make(chan struct{}, 1)}
}

func (p *partition) signal() {
	select {
	case p.event <- struct{}{}:
	default:
	}
}

func (p *partition) flush() {
	p.mu.Lock()
	p.hurry = p.open != nil
	p.mu.Unlock()
	p.signal()
}

// put appends a message whose bytes the place holds already. It reports whether the
// previous batch was full and a new one was begun.
func (p *partition) put(s *stream, seg *segment, m *message) (turned bool) {
	size := recordSize(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open != nil && len(p.open.records)+size > p.place.config.BatchBytes {
		p.full = append(p.full, p.open)
		p.open, turned = nil, true
	}
	if p.open == nil {
		p.open = p.place.newBatch()
		p.signal()
	}
	p.open.add(s, seg, m)
	p.open.held += size
	if !p.started {
		p.started = true
		p.place.running.Go(p.run)
	}
	return turned
}

// run sends batches until the place closes.
func (p *partition) run() {
	for b := p.next(); b != nil; b = p.next() {
		held := b.held
		p.deliver(b)
		p.place.recycle(b)
		p.place.release(held)
	}
}

// next waits for a batch that is full or old enough. It returns nil at the end.
func (p *partition) next() *batch {
	for {
		closing := p.place.isClosing()
		p.mu.Lock()
		if len(p.full) > 0 {
			b := p.full[0]
			p.full = append(p.full[:0], p.full[1:]...)
			p.mu.Unlock()
			return b
		}
		var linger <-chan time.Time
		if p.open != nil {
			left := p.place.config.Linger - time.Since(p.open.begun)
			if closing || p.hurry || left <= 0 {
				b := p.open
				p.open, p.hurry = nil, false
				p.mu.Unlock()
				return b
			}
			linger = time.After(left)
		} else if closing {
			p.mu.Unlock()
			return nil
		}
		p.mu.Unlock()
		select {
		case <-p.event:
		case <-linger:
		}
	}
}

// deliver sends a batch until all its records are settled.
func (p *partition) deliver(b *batch) {
	wire, _ := wires.Get().(*[]byte)
	if wire == nil {
		wire = new([]byte)
	}
	var err error
	if *wire, err = b.appendTo((*wire)[:0], p.place.config.compression); err != nil {
		p.drop(b)
		p.place.env.Report(fmt.Errorf("kafka: %s: %w", p.topic.name, err))
		return
	}
	if b.tried.IsZero() {
		b.tried = time.Now()
	}
	for try := 0; ; try++ {
		bad, err := p.produce(*wire)
		if err == nil {
			p.place.well()
			p.acknowledge(b)
			if try == 0 {
				// After an error the library may still be reading the buffer.
				wires.Put(wire)
			}
			return
		}
		if large := tooLarge(err); large || refused(err) {
			p.place.well()
			p.divide(b, bad, large, err)
			return
		}
		err = fmt.Errorf("topic %s: %w", p.topic.name, err)
		p.place.trouble(err)
		if p.place.expired(b.tried, try) {
			p.drop(b)
			p.place.giveUp(err)
			return
		}
		b.rows[0].stream.retries.Add(1)
		pause(try)
		if _, err := p.topic.ask(); err != nil { // ask also recreates a topic that was deleted
			p.place.trouble(fmt.Errorf("topic %s: %w", p.topic.name, err))
		}
	}
}

// wires holds buffers for encoded batches.
var wires sync.Pool

// produce sends a batch. If it fails, bad holds the records that the broker blames, if
// it says so.
func (p *partition) produce(wire []byte) (bad map[int]error, err error) {
	p.place.slots <- struct{}{}
	defer func() { <-p.place.slots }()
	res, err := p.place.cluster().RawProduce(context.Background(), &kafkago.RawProduceRequest{
		Topic: p.topic.name, Partition: p.index, RequiredAcks: kafkago.RequireAll,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(wire)},
	})
	if err != nil {
		return nil, err
	}
	return res.RecordErrors, res.Error
}

func tooLarge(err error) bool {
	return errors.Is(err, kafkago.MessageSizeTooLarge) || errors.Is(err, kafkago.RecordListTooLarge)
}

// refused reports whether sending the same records again is useless.
func refused(err error) bool {
	for _, e := range []error{invalidRecord, kafkago.InvalidTimestamp, kafkago.PolicyViolation, kafkago.UnsupportedForMessageFormat} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// divide settles a batch that the broker rejects: it separates the records that the
// broker blames from the others.
func (p *partition) divide(b *batch, bad map[int]error, large bool, err error) {
	if len(b.rows) == 1 {
		s, seg, m := b.rows[0].stream, b.rows[0].segment, b.message(0)
		if large && s.shrink(&m, recordSize(&m)/2) {
			p.redeliver(b, func(nb *batch) { nb.add(s, seg, &m) })
			return
		}
		if !large {
			s.setAside(&m, err.Error())
		}
		b.settle()
		return
	}
	if len(bad) > 0 && len(bad) < len(b.rows) {
		p.redeliver(b, func(nb *batch) { nb.addOf(b, func(i int) bool { return bad[i] == nil }) })
		p.redeliver(b, func(nb *batch) { nb.addOf(b, func(i int) bool { return bad[i] != nil }) })
		return
	}
	if len(bad) == len(b.rows) && !large {
		for i := range b.rows {
			m := b.message(i)
			b.rows[i].stream.setAside(&m, err.Error())
		}
		b.settle()
		return
	}
	half := len(b.rows) / 2
	p.redeliver(b, func(nb *batch) { nb.addOf(b, func(i int) bool { return i < half }) })
	p.redeliver(b, func(nb *batch) { nb.addOf(b, func(i int) bool { return i >= half }) })
}

// redeliver delivers records of b as a batch of their own.
func (p *partition) redeliver(b *batch, fill func(nb *batch)) {
	nb := p.place.newBatch()
	nb.tried = b.tried
	fill(nb)
	p.deliver(nb)
	p.place.recycle(nb)
}

// acknowledge counts the records of b as written.
func (p *partition) acknowledge(b *batch) {
	b.eachStream(func(s *stream, rows, size int) {
		s.info.Counts.Wrote(uint64(rows))
		s.info.Counts.Bytes(uint64(size))
	})
	b.settle()
}

// drop gives up the records of b. They go back to the spool, or are lost.
func (p *partition) drop(b *batch) {
	if p.place.spool != nil {
		p.place.spool.save(b)
		return
	}
	b.eachStream(func(s *stream, rows, _ int) { s.info.Counts.Dropped(dropUnacknowledged, uint64(rows)) })
}

// pause waits before another attempt.
func pause(try int) { time.Sleep(min(firstPause<<min(try, 10), lastPause)) }

func (p *Place) isClosing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closing
}

// expired reports whether to give up something that was first tried at begun and since
// then as often as tries says.
func (p *Place) expired(begun time.Time, tries int) bool {
	if p.spool != nil {
		// With a spool, records may wait as long as the run lasts.
		return p.over()
	}
	now := time.Now()
	if i := p.interrupted.Load(); i != 0 && now.Sub(time.Unix(0, i)) > interruptGrace {
		return true
	}
	return now.Sub(begun) > p.config.Deadline || tries > 0 && p.lost.Load()
}

// over reports whether a place with a spool must stop sending: at the deadline after the
// end of the run, or sooner if the cluster is away, because the spool keeps the records.
func (p *Place) over() bool {
	now := time.Now()
	if i := p.interrupted.Load(); i != 0 && now.Sub(time.Unix(0, i)) > interruptGrace {
		return true
	}
	e := p.ending.Load()
	if e == 0 {
		return false
	}
	left := p.config.Deadline
	if p.isAway() {
		left = min(left, interruptGrace)
	}
	return now.Sub(time.Unix(0, e)) > left
}

func (p *Place) isAway() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.away.IsZero()
}

// giveUp reports that records were given up because of err.
func (p *Place) giveUp(err error) {
	if !p.lost.Swap(true) {
		what := "are given up after " + p.config.Deadline.String()
		if p.spool != nil {
			what = "are left in " + p.config.Spool
		}
		p.env.Report(fmt.Errorf("kafka: records %s: %w", what, err))
	}
}

// trouble notes a failure that will be retried.
func (p *Place) trouble(err error) {
	p.mu.Lock()
	now := time.Now()
	if p.away.IsZero() {
		p.away = now
	}
	tell := !p.told && now.Sub(p.away) > troubleAfter
	p.told = p.told || tell
	p.mu.Unlock()
	if tell {
		until := "for up to " + p.config.Deadline.String()
		if p.spool != nil {
			until = "while records go to " + p.config.Spool
		}
		p.env.Notice(fmt.Sprintf("kafka: %v; trying again %s", err, until))
	}
}

// well notes that the cluster has answered.
func (p *Place) well() {
	p.lost.Store(false)
	p.mu.Lock()
	since, told := p.away, p.told
	p.away, p.told = time.Time{}, false
	p.mu.Unlock()
	if told {
		p.env.Notice(fmt.Sprintf("kafka: all is well again after %s", time.Since(since).Round(time.Second)))
	}
}
