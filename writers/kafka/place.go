// Package kafka is the writers.Place that sends records to Apache Kafka.
//
// A message is written when the broker has acknowledged it for all in-sync replicas.
// Until then it is kept and sent again, so that each record is in its topic at least
// once. Duplicates have the same header record-id.
//
// The library, segmentio/kafka-go, provides connections, authentication and partition
// leaders. Its Writer is not used because it drops errors by default. This package makes
// batches, their order, retries and acknowledgements: each partition has a goroutine
// that sends one batch at a time, which keeps the order.
package kafka

import (
	"context"
	"encoding/binary"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
)

// Reasons why records were not written.
var (
	dropUnacknowledged = writers.NewReason("not_acknowledged", true)  // before the deadline
	dropTooLarge       = writers.NewReason("message_too_large", true) // and cannot be cut
	dropRefused        = writers.NewReason("message_refused", true)   // by the broker, for good
	dropAside          = writers.NewReason("set_aside", false)        // kept in the file Config.Aside
)

// interruptGrace is how long sending continues after an interrupt. Tests shorten it.
var interruptGrace = 10 * time.Second

// inFlight is the largest number of concurrent requests, each for one partition.
const inFlight = 8

// A Place is one Kafka cluster.
type Place struct {
	config Config
	env    writers.Env

	connect sync.Once
	client  *kafkago.Client
	slots   chan struct{}
	aside   aside
	topics  []*topic
	running sync.WaitGroup
	stop    func() bool
	refusal sync.Once // reports the first record that a broker refuses, or that is set aside

	spool   *spool
	streams []*stream
	// orphans are the streams of an earlier run's messages, by topic and log.
	orphans   map[string]*stream
	orphansMu sync.Mutex

	// interrupted is when the run was interrupted and ending when Close was called, in
	// Unix nanoseconds, or 0.
	interrupted, ending atomic.Int64
	// health is that of the cluster; each topic has its own.
	health health
	// unready is why the cluster did not answer Ready.
	unready error
	// told are the ports of the brokers that the cluster has named.
	told []uint16

	mu   sync.Mutex
	room sync.Cond // on mu
	held int       // bytes waiting for acknowledgement, but for those of denied topics
	// parked are bytes of denied topics, which must not take the room of others.
	parked  int
	closing bool
	free    []*batch
	// marks counts the calls of Mark, and begun the batches that are not settled, by mark.
	marks uint64
	begun map[uint64]int
}

// New returns a Place that has not been started.
func New(c Config) (*Place, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &Place{config: c, slots: make(chan struct{}, inFlight)}
	p.room.L = &p.mu
	p.aside.path = c.Aside
	return p, nil
}

// Type returns "kafka".
func (p *Place) Type() string { return "kafka" }

// Start implements writers.Place. An unreachable broker is not an error.
func (p *Place) Start(env writers.Env) error {
	p.env = env
	p.aside.perm = env.Perm()
	if _, err := p.config.transport(nil); err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	for _, w := range p.config.warnings() {
		env.Notice("kafka: " + w)
	}
	if c := &p.config; c.Spool != "" {
		p.spool = &spool{place: p, dir: c.Spool, max: int64(c.SpoolBytes)}
		if err := p.spool.open(); err != nil {
			return fmt.Errorf("kafka: %w", err)
		}
	}
	p.stop = context.AfterFunc(env.Context, func() { p.interrupted.Store(time.Now().UnixNano()) })
	return nil
}

// Encoder implements writers.Place.
func (p *Place) Encoder(info writers.StreamInfo) writers.RowEncoder {
	return newRowEncoder(&p.config, &info)
}

// Open implements writers.Place.
func (p *Place) Open(info writers.StreamInfo) (writers.Stream, error) {
	name, err := topicName(p.config.topic, info.Log, info.Sensor)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", info.Output, err)
	}
	s := p.newStream(name, info)
	p.streams = append(p.streams, s)
	s.idPrefix = info.Sensor + "/" + info.Log + "/"
	if p.config.IDs {
		if err := s.embedID(); err != nil {
			return nil, fmt.Errorf("%s: %w", info.Output, err)
		}
	}
	if p.config.Headers {
		s.headers = appendHeader(s.headers, "log", []byte(info.Log))
		s.headers = appendHeader(s.headers, "sensor", []byte(info.Sensor))
		s.headers = appendHeader(s.headers, "content-type", []byte("application/json"))
		s.nHeaders = 3
		if info.Schema != nil {
			s.headers = appendHeader(s.headers, "schema-version", schemaVersion(info.Schema, info.Groups))
			s.nHeaders++
		}
	}
	return s, nil
}

// newStream creates a stream and, if necessary, its topic.
func (p *Place) newStream(name string, info writers.StreamInfo) *stream {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.topics, func(t *topic) bool { return t.name == name })
	if i < 0 {
		i = len(p.topics)
		t := &topic{place: p, name: name}
		t.health.of = "topic " + name + ": "
		p.topics = append(p.topics, t)
	}
	return &stream{
		place: p, topic: p.topics[i], info: info,
		retries: info.Counts.Mark("retries", false), cuts: info.Counts.Mark("records cut", false),
	}
}

// streamOf returns the stream of a message in the spool. Messages of an earlier run have
// streams of their own, which no summary counts.
func (p *Place) streamOf(topic, log string, earlier bool) *stream {
	if !earlier {
		for _, s := range p.streams {
			if s.info.Log == log && s.topic.name == topic {
				return s
			}
		}
	}
	p.orphansMu.Lock()
	defer p.orphansMu.Unlock()
	key := topic + "/" + log
	if p.orphans[key] == nil {
		if p.orphans == nil {
			p.orphans = map[string]*stream{}
		}
		info := writers.StreamInfo{Output: "kafka", Log: log, Counts: new(writers.Counts), Env: p.env}
		p.orphans[key] = p.newStream(topic, info)
	}
	return p.orphans[key]
}

// schemaVersion returns the value of the header schema-version. It changes when the
// names or types of the columns change.
func schemaVersion(s *schemas.Schema, g schemas.Groups) []byte {
	h := fnv.New32a()
	for _, f := range s.With(g).Fields {
		fmt.Fprintln(h, f.Name, f.ZeekType())
	}
	return fmt.Appendf(nil, "%08x", h.Sum32())
}

// Close implements writers.Place: it waits until every record was acknowledged
// or given up.
func (p *Place) Close() error {
	p.ending.Store(time.Now().UnixNano())
	if p.spool != nil && p.spool.lock != nil {
		p.spool.end()
	}
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	for _, t := range p.topics {
		t.wake()
	}
	p.running.Wait()
	if p.stop != nil {
		p.stop()
	}
	if p.client != nil {
		p.client.Transport.(*kafkago.Transport).CloseIdleConnections()
	}
	err := p.aside.close()
	if p.spool != nil && p.spool.lock != nil {
		err = errors.Join(err, p.spool.close())
	}
	return err
}

// cluster returns the client, which is made when the topics are known.
func (p *Place) cluster() *kafkago.Client {
	p.connect.Do(func() {
		var names []string
		for _, t := range p.topics {
			names = append(names, t.name)
		}
		if p.spool != nil {
			names = nil // a spool may hold messages of other topics
		}
		transport, err := p.config.transport(names)
		if err != nil {
			// A file has changed since Start.
			p.env.Report(fmt.Errorf("kafka: %w", say(err)))
			transport = &kafkago.Transport{MetadataTopics: names}
		}
		p.client = &kafkago.Client{
			Addr: kafkago.TCP(p.config.Brokers...), Timeout: p.config.RequestTimeout, Transport: transport,
		}
	})
	return p.client
}

// hold waits until size more bytes of t may wait for acknowledgement. A denied topic has
// room of its own, so that others need not wait for it; hold returns false if that is
// full. With a spool it waits instead: the records are on disk already.
func (p *Place) hold(t *topic, size int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case !t.denied && (p.held == 0 || p.held+size <= p.config.BufferBytes):
			p.take(t, size)
			return true
		case t.denied && (t.held == 0 || p.parked+size <= p.config.BufferBytes && p.spool == nil):
			p.take(t, size)
			return true
		case t.denied && p.spool == nil:
			return false
		}
		p.room.Wait()
	}
}

// tryHold is hold, but returns false if it would wait or if the cluster or the topic is
// in trouble.
func (p *Place) tryHold(t *topic, size int) bool {
	if p.health.away() || t.health.away() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.denied || p.held > 0 && p.held+size > p.config.BufferBytes {
		return false
	}
	p.take(t, size)
	return true
}

// take counts size bytes of t, which may be negative. The caller holds mu.
func (p *Place) take(t *topic, size int) {
	t.held += size
	if t.denied {
		p.parked += size
	} else {
		p.held += size
	}
}

// release gives back size bytes that hold or tryHold took.
func (p *Place) release(t *topic, size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.take(t, -size)
	p.room.Broadcast()
}

// waiting returns the number of bytes that wait for acknowledgement.
func (p *Place) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held + p.parked
}

// deny moves the bytes that t holds out of the way of other topics, or back. It reports
// whether denied topics now hold too many.
func (p *Place) deny(t *topic, denied bool) (full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.denied != denied {
		held := t.held
		p.take(t, -held)
		t.denied = denied
		p.take(t, held)
		p.room.Broadcast()
	}
	return p.spool == nil && p.parked > p.config.BufferBytes
}

// until returns the context that ends when no more attempts are to be made.
func (p *Place) until() context.Context {
	if p.env.Hurry == nil {
		return context.Background()
	}
	return p.env.Hurry
}

// begin notes that records are put into b, done that they are settled.
func (p *Place) begin(b *batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun == nil {
		p.begun = make(map[uint64]int)
	}
	b.mark = p.marks
	p.begun[b.mark]++
}

func (p *Place) done(b *batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun[b.mark]--; p.begun[b.mark] == 0 {
		delete(p.begun, b.mark)
	}
}

// Mark implements writers.Marked. Records in the spool are safe.
func (s *stream) Mark() (safe func() bool) {
	p := s.place
	p.mu.Lock()
	defer p.mu.Unlock()
	mark := p.marks
	p.marks++
	return func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for m := range p.begun {
			if m <= mark {
				return false
			}
		}
		return true
	}
}

// newBatch returns an empty batch.
func (p *Place) newBatch() *batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return &batch{begun: time.Now()}
	}
	b := p.free[n-1]
	p.free = p.free[:n-1]
	b.begun = time.Now()
	return b
}

// recycle takes back a batch whose records are settled.
func (p *Place) recycle(b *batch) {
	b.reset()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < 2*inFlight && cap(b.records) <= 2*p.config.BatchBytes {
		p.free = append(p.free, b)
	}
}

// A stream is one log.
type stream struct {
	place *Place
	topic *topic
	info  writers.StreamInfo
	// headers are those that all records share.
	headers  []byte
	nHeaders int
	idPrefix string
	retries  *writers.Mark
	cuts     *writers.Mark
	// spooled counts the rows of this run that are in the spool and in no batch.
	spooled atomic.Int64
	// idKey is the key of the record id in the value, at idAt; before the id itself is
	// idText, and for a stream of lines lineStart at the beginning. They are set with
	// Config.IDs alone.
	idKey, idText, lineStart string
	idAt                     int
	// id, all and value are scratch space of Write.
	id, all, value []byte
}

// Write implements writers.Stream.
func (s *stream) Write(rows []writers.Row) {
	if s.place.spool != nil {
		s.place.spool.put(s, rows)
		return
	}
	if !s.topic.resolve() {
		s.lose(uint64(len(rows)))
		return
	}
	now := time.Now().UnixMilli()
	for i := range rows {
		m := s.message(&rows[i], now)
		if recordSize(&m) > s.place.config.MaxMessage && !s.shrink(&m, s.place.config.MaxMessage) {
			continue
		}
		if !s.place.hold(s.topic, recordSize(&m)) {
			s.lose(1)
			continue
		}
		s.topic.put(s, nil, &m)
	}
}

// lose counts rows that were given up.
func (s *stream) lose(rows uint64) {
	s.info.Counts.Dropped(dropUnacknowledged, rows)
	s.topic.health.rows.Add(rows)
	s.place.health.rows.Add(rows)
}

// message returns the message of a row. It is valid until the next call.
func (s *stream) message(r *writers.Row, now int64) message {
	m := message{time: now}
	if s.info.Schema == nil {
		m.value = r.Data[:len(r.Data)-1]
	} else {
		m.key, m.value = splitRow(r.Data)
	}
	if s.place.config.EventTime {
		m.time = r.Key.Time / int64(time.Millisecond)
	}
	if s.idKey != "" {
		m.value = s.withID(m.value, &r.Key)
	}
	if s.nHeaders > 0 {
		s.id = appendRecordID(append(s.id[:0], s.idPrefix...), &r.Key)
		s.all = appendHeader(append(s.all[:0], s.headers...), "record-id", s.id)
		m.headers, m.nHeaders = s.all, s.nHeaders+1
	}
	return m
}

// embedID prepares withID.
func (s *stream) embedID() error {
	text, err := stdjson.Marshal(s.idPrefix)
	if err != nil {
		return err
	}
	s.idText = string(text[:len(text)-1])
	if s.info.Schema != nil {
		s.idAt, s.idKey = s.place.config.Format.New(s.info.Schema, s.info.Groups).RecordID()
		return nil
	}
	// A line that was made elsewhere gets what Format.Streaming gives to records.
	s.idAt, s.idKey = new(json.Encoder).RecordID()
	sensor, err := stdjson.Marshal(s.info.Sensor)
	s.lineStart = fmt.Sprintf(`{"_path":%q,"_system_name":%s,"_write_ts":`, s.info.Log, sensor)
	return err
}

// withID returns an object with the record's id in it. It is valid until the next
// call.
func (s *stream) withID(object []byte, k *writers.Key) []byte {
	v := s.value[:0]
	if s.lineStart != "" {
		v = append(json.AppendTime(append(v, s.lineStart...), value.Time(k.Time)), ',')
	} else {
		v = append(v, object[:s.idAt]...)
	}
	v = append(append(v, s.idKey...), s.idText...)
	v = append(appendRecordID(v, k), '"')
	if rest := object[s.idAt:]; rest[0] != '}' {
		v = append(append(v, ','), rest...)
	} else {
		v = append(v, rest...)
	}
	s.value = v
	return v
}

// appendRecordID appends an identifier of a record within its log and sensor, the same
// in every run over the same captures: the record's clock in nanoseconds, its class, the
// number of the packet that caused it, and its number among the records of that packet.
func appendRecordID(dst []byte, k *writers.Key) []byte {
	dst = append(strconv.AppendInt(dst, k.Time, 10), '.')
	dst = append(strconv.AppendUint(dst, uint64(k.Class), 10), '.')
	dst = append(strconv.AppendUint(dst, k.Num, 10), '.')
	return strconv.AppendUint(dst, uint64(k.Seq), 10)
}

// shrink cuts m so that its record is at most limit bytes long. If that is impossible or
// not wanted, it settles the record in another way and returns false.
func (s *stream) shrink(m *message, limit int) bool {
	if s.place.config.TooLarge == tooLargeAside {
		s.setAside(m, tooLargeToSend)
		return false
	}
	full := len(m.value)
	headers, nHeaders := m.headers, m.nHeaders
	if nHeaders > 0 {
		headers = appendHeader(slices.Clone(headers), "truncated", strconv.AppendInt(nil, int64(full), 10))
		nHeaders++
	}
	rest := recordSize(&message{key: m.key, headers: headers})
	value := []byte(nil)
	if limit > rest {
		value = cut(m.value, limit-rest)
	}
	if value == nil {
		s.info.Counts.Dropped(dropTooLarge, 1)
		return false
	}
	m.value, m.headers, m.nHeaders = value, headers, nHeaders
	s.cuts.Add(1)
	return true
}

// tooLargeToSend is the reason for setting aside a large record that is not to be cut.
const tooLargeToSend = "too large"

// setAside writes m to the file for such records, if there is one, and counts it.
func (s *stream) setAside(m *message, why string) {
	if s.place.config.Aside == "" {
		if why != tooLargeToSend {
			s.place.refusal.Do(func() {
				s.place.env.Report(fmt.Errorf("%s: topic %s refuses records: %s", s.info.Output, s.topic.name, why))
			})
		}
		s.info.Counts.Dropped(dropRefused, 1)
		return
	}
	s.place.refusal.Do(func() {
		s.place.env.Notice(fmt.Sprintf("%s: records that cannot be sent are kept in %s; the first is one for topic %s: %s", s.info.Output, s.place.config.Aside, s.topic.name, why))
	})
	if first, err := s.place.aside.write(s.topic.name, m, why); err != nil {
		if first {
			s.place.env.Report(fmt.Errorf("%s: %w", s.info.Output, err))
		}
		s.info.Counts.Dropped(dropRefused, 1)
		return
	}
	s.info.Counts.Dropped(dropAside, 1)
}

// Tick implements writers.Stream.
func (s *stream) Tick(time.Time) {}

// Flush implements writers.Stream. It sends what is there without waiting for more.
func (s *stream) Flush() { s.topic.flush() }

// Close implements writers.Stream. Place.Close does the waiting.
func (s *stream) Close() error { return nil }

// header returns the value of a header of a record.
func (m *message) header(name string) []byte {
	h := m.headers
	next := func() []byte {
		n, size := binary.Varint(h)
		v := h[size : size+int(n)]
		h = h[size+int(n):]
		return v
	}
	for range m.nHeaders {
		k, v := next(), next()
		if string(k) == name {
			return v
		}
	}
	return nil
}
