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
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// Pauses between attempts.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// troubleAfter is how long all attempts for a topic may fail before the user is told.
const troubleAfter = 2 * time.Second

// invalidRecord is an error code that the library has no name for (KIP-467).
const invalidRecord kafkago.Error = 87

// A topic holds its partitions, once they are known.
type topic struct {
	place  *Place
	name   string
	health health

	// denied and held are guarded by Place.mu: the broker does not let us write, and
	// nothing but a change of rights will help; bytes waiting for acknowledgement.
	denied bool
	held   int

	mu         sync.Mutex
	partitions []*partition
	// sticky is the partition for records without a key.
	sticky int
	// refused is when a lasting error was last met, before the topic was known.
	refused time.Time
}

// known reports whether the partitions are known.
func (t *topic) known() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.partitions) > 0
}

// resolve asks for the partitions of the topic until the deadline, and reports whether
// they are known. It does not wait for what will not pass by itself.
func (t *topic) resolve() bool {
	if t.known() {
		return true
	}
	if time.Since(t.refused) < lastPause {
		return false
	}
	begun := time.Now()
	for try := 0; ; try++ {
		n, err := t.ask()
		if err == nil {
			t.mu.Lock()
			for i := len(t.partitions); i < n; i++ {
				t.partitions = append(t.partitions, newPartition(t, i))
			}
			t.mu.Unlock()
			return true
		}
		final := t.place.spool == nil && ofTopic(err) && lasting(err)
		if !final {
			t.trouble(err)
		} else {
			t.refused = time.Now()
		}
		if final || t.place.expired(t, begun, try) {
			t.giveUp(err, begun)
			return false
		}
		t.place.pause(try, begun)
	}
}

// ask returns the number of partitions of the topic. It creates a topic that does not
// exist, unless the configuration forbids it.
func (t *topic) ask() (int, error) {
	n, err := t.partitionCount()
	if !errors.Is(err, kafkago.UnknownTopicOrPartition) || !t.place.config.CreateTopics {
		return n, err
	}
	if err := t.create(); err != nil {
		return 0, err
	}
	return t.partitionCount()
}

func (t *topic) partitionCount() (int, error) {
	c := t.place.cluster()
	ctx, cancel := context.WithTimeout(t.place.until(), c.Timeout)
	defer cancel()
	res, err := c.Transport.RoundTrip(ctx, c.Addr, &metadata.Request{TopicNames: []string{t.name}})
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

// create asks the controller to create the topic.
func (t *topic) create() error {
	c := t.place.cluster()
	ctx, cancel := context.WithTimeout(t.place.until(), min(c.Timeout, probeTime))
	defer cancel()
	res, err := c.Transport.RoundTrip(ctx, c.Addr, &createtopics.Request{
		Topics: []createtopics.RequestTopic{t.place.config.newTopic(t.name)}, TimeoutMs: int32(c.Timeout.Milliseconds()),
	})
	if err != nil {
		return err
	}
	for _, r := range res.(*createtopics.Response).Topics {
		if code := kafkago.Error(r.ErrorCode); code != 0 && code != kafkago.TopicAlreadyExists {
			if r.ErrorMessage != "" {
				return &saidError{fmt.Sprintf("it cannot be created: %s (the broker says: %q)", explain(code), r.ErrorMessage), code}
			}
			return &saidError{"it cannot be created: " + explain(code), code}
		}
	}
	return nil
}

// trouble notes a failure that will be retried.
func (t *topic) trouble(err error) {
	if !ofTopic(err) {
		t.place.health.trouble(t.place, err, troubleAfter)
		return
	}
	t.health.trouble(t.place, err, troubleAfter)
	if lasting(err) && t.place.deny(t, true) {
		t.shed()
	}
}

// well notes that records were acknowledged.
func (t *topic) well() {
	t.place.health.well(t.place)
	t.health.well(t.place)
	t.place.deny(t, false)
}

// giveUp reports that records were given up because of err.
func (t *topic) giveUp(err error, begun time.Time) {
	if ofTopic(err) {
		t.health.giveUp(t.place, err, begun)
	} else {
		t.place.health.giveUp(t.place, err, begun)
	}
}

// shed drops the batches that wait behind those that are being sent.
func (t *topic) shed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.partitions {
		p.shed()
	}
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
		p.place.begin(p.open)
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
		p.place.done(b)
		p.place.recycle(b)
		p.place.release(p.topic, held)
	}
}

// shed drops the batches that are full and not being sent.
func (p *partition) shed() {
	p.mu.Lock()
	full := p.full
	p.full = nil
	p.mu.Unlock()
	for _, b := range full {
		held := b.held
		p.drop(b)
		p.place.done(b)
		p.place.recycle(b)
		p.place.release(p.topic, held)
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
		p.place.env.Report(fmt.Errorf("kafka: topic %s: %w", p.topic.name, err))
		return
	}
	if b.tried.IsZero() {
		b.tried = time.Now()
	}
	for try := 0; ; try++ {
		bad, err := p.produce(*wire)
		if err == nil {
			p.topic.well()
			p.acknowledge(b)
			if try == 0 {
				// After an error the library may still be reading the buffer.
				wires.Put(wire)
			}
			return
		}
		if large := tooLarge(err); large || refused(err) {
			p.topic.well()
			p.divide(b, bad, large, err)
			return
		}
		if ofTopic(err) && errors.As(err, new(kafkago.Error)) { // an answer
			p.place.health.well(p.place)
		}
		p.topic.trouble(err)
		if p.place.expired(p.topic, b.tried, try) {
			p.drop(b)
			p.topic.giveUp(err, b.tried)
			return
		}
		b.rows[0].stream.retries.Add(1)
		p.place.pause(try, b.tried)
		if _, err := p.topic.ask(); err != nil { // ask also recreates a topic that was deleted
			p.topic.trouble(err)
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
	res, err := p.place.cluster().RawProduce(p.place.until(), &kafkago.RawProduceRequest{
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
			s.setAside(&m, explain(err))
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
			b.rows[i].stream.setAside(&m, explain(err))
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
	b.eachStream(func(s *stream, rows, _ int) { s.lose(uint64(rows)) })
}

// pause waits before another attempt at something that was first tried at begun, at most
// until the deadline.
func (p *Place) pause(try int, begun time.Time) {
	d := min(firstPause<<min(try, 10), lastPause)
	if left := p.config.Deadline - time.Since(begun); p.spool == nil && left > 0 {
		d = min(d, left+time.Millisecond)
	}
	time.Sleep(d)
}

func (p *Place) isClosing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closing
}

// expired reports whether to give up something for t that was first tried at begun and
// since then as often as tries says.
func (p *Place) expired(t *topic, begun time.Time, tries int) bool {
	if p.until().Err() != nil {
		return true
	}
	if p.spool != nil {
		// With a spool, records may wait as long as the run lasts.
		return p.over(t)
	}
	now := time.Now()
	if i := p.interrupted.Load(); i != 0 && now.Sub(time.Unix(0, i)) > interruptGrace {
		return true
	}
	if now.Sub(begun) > p.config.Deadline {
		return true
	}
	return p.health.lost.Load() && tries > 0 || t.health.lost.Load()
}

// over reports whether a place with a spool must stop sending, to t if that is not nil: at
// the deadline after the end of the run, or sooner if the cluster or the topic is in
// trouble, because the spool keeps the records.
func (p *Place) over(t *topic) bool {
	if p.until().Err() != nil {
		return true
	}
	now := time.Now()
	if i := p.interrupted.Load(); i != 0 && now.Sub(time.Unix(0, i)) > interruptGrace {
		return true
	}
	e := p.ending.Load()
	if e == 0 {
		return false
	}
	left := p.config.Deadline
	if p.health.away() || t != nil && t.health.away() {
		left = min(left, interruptGrace)
	}
	return now.Sub(time.Unix(0, e)) > left
}
