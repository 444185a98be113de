package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/lockfile"
)

// Reasons for not writing the records of a place with a spool.
var (
	dropSpoolFull = writers.NewReason("spool_full", true)
	// dropSpooled records stay in the spool; the next run that uses it sends them.
	dropSpooled = writers.NewReason("left_in_spool", true)
)

// A spool keeps messages on disk while the cluster, or a topic, is away. It consists of
// segments: files that are written one after another, a topic each, read in the same
// order, and removed when all their messages are acknowledged. The next run sends what a
// killed run leaves behind.
//
// While the spool has messages of a topic, all new ones of it go through it, which keeps
// the order.
type spool struct {
	place *Place
	dir   string
	max   int64
	lock  *os.File

	mu sync.Mutex
	// queues are those of the topics, by name.
	queues  map[string]*queue
	next    uint64 // number of the next segment
	bytes   int64  // of all segments that exist
	closed  bool   // no drain must begin any more
	failing bool   // the last write failed
	buf     []byte
	drains  sync.WaitGroup
}

// A queue holds the segments of one topic. The mutex of the spool guards it.
type queue struct {
	segments []*segment // to be read, in order; the last one may be open
	draining bool
}

// A segment is a file of the spool.
type segment struct {
	spool *spool
	path  string
	bytes int64
	file  *os.File // while it is being written
	// earlier means that an earlier run wrote the segment; its streams no longer count.
	earlier bool

	// The fields below are guarded by spool.mu.
	pending int  // messages read and not settled
	read    bool // read to the end
	keep    bool // a message was given up and stays for the next run
}

const (
	segmentBytes = 16 << 20
	segmentExt   = ".spool"
)

// open creates the folder and finds the segments of earlier runs.
func (sp *spool) open() error {
	sp.queues = make(map[string]*queue)
	if err := os.MkdirAll(sp.dir, sp.place.env.DirPerm()); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(sp.dir, "lock"), os.O_CREATE|os.O_RDWR, sp.place.env.Perm())
	if err != nil {
		return err
	}
	if err := lockfile.Lock(f); err != nil {
		return fmt.Errorf("spool %s: %w", sp.dir, errors.Join(err, f.Close()))
	}
	sp.lock = f
	entries, err := os.ReadDir(sp.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var n uint64
		if _, err := fmt.Sscanf(e.Name(), "%d"+segmentExt, &n); err != nil || !strings.HasSuffix(e.Name(), segmentExt) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		sp.next = max(sp.next, n+1)
		sp.bytes += info.Size()
		seg := &segment{spool: sp, path: filepath.Join(sp.dir, e.Name()), bytes: info.Size(), earlier: true}
		topic, err := seg.topic()
		if err != nil {
			return err
		}
		q := sp.queue(topic)
		q.segments = append(q.segments, seg)
	}
	if sp.bytes > 0 {
		sp.place.env.Notice(fmt.Sprintf("kafka: %d bytes of an earlier run are in %s and will be sent", sp.bytes, sp.dir))
	}
	return nil
}

// queue returns the queue of a topic. The caller holds mu, or nobody else has sp yet.
func (sp *spool) queue(topic string) *queue {
	q := sp.queues[topic]
	if q == nil {
		q = new(queue)
		sp.queues[topic] = q
	}
	return q
}

// topic returns the topic of the first message, or "" if there is no whole one.
func (seg *segment) topic() (string, error) {
	f, err := os.Open(seg.path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	// The name of a topic has at most 249 bytes, and the length before it two.
	b := make([]byte, 8+2+249)
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	if n < 8 {
		return "", nil
	}
	size, w := binary.Uvarint(b[8:n])
	if w <= 0 || size > uint64(n-8-w) {
		return "", nil
	}
	return string(b[8+w:][:size]), nil
}

// put sends rows to the cluster if that is possible and the spool has none of the topic;
// otherwise it writes them to the spool.
func (sp *spool) put(s *stream, rows []writers.Row) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	now := time.Now().UnixMilli()
	sp.buf = sp.buf[:0]
	q := sp.queue(s.topic.name)
	kept := 0
	for i := range rows {
		m := s.message(&rows[i], now)
		size := recordSize(&m)
		if size > sp.place.config.MaxMessage {
			if !s.shrink(&m, sp.place.config.MaxMessage) {
				continue
			}
			size = recordSize(&m)
		}
		if len(q.segments) == 0 && kept == 0 && s.topic.known() && sp.place.tryHold(s.topic, size) {
			s.topic.put(s, nil, &m)
			continue
		}
		before := len(sp.buf)
		sp.buf = appendEntry(sp.buf, s, &m)
		if sp.bytes+int64(len(sp.buf)) > sp.max {
			sp.buf = sp.buf[:before]
			s.info.Counts.Dropped(dropSpoolFull, 1)
			continue
		}
		kept++
	}
	sp.write(q, s, kept)
	if len(q.segments) > 0 {
		sp.drain(q)
	}
}

// write appends buf, which holds n messages of s, to the last segment of q.
func (sp *spool) write(q *queue, s *stream, n int) {
	if n == 0 {
		return
	}
	seg, err := sp.writable(q)
	if err == nil {
		if _, err = seg.file.Write(sp.buf); err != nil {
			// The segment may hold a part of it, so later messages go to another file.
			err = errors.Join(err, seg.finish())
		}
	}
	if err != nil {
		if !sp.failing {
			sp.place.env.Report(fmt.Errorf("kafka: spool: %w", err))
		}
		sp.failing = true
		s.info.Counts.Dropped(dropSpoolFull, uint64(n))
		return
	}
	sp.failing = false
	seg.bytes += int64(len(sp.buf))
	sp.bytes += int64(len(sp.buf))
	s.spooled.Add(int64(n))
	if seg.bytes >= segmentBytes {
		if err := seg.finish(); err != nil {
			sp.place.env.Report(fmt.Errorf("kafka: spool: %w", err))
		}
	}
}

// writable returns the open segment of q, or a new one.
func (sp *spool) writable(q *queue) (*segment, error) {
	if n := len(q.segments); n > 0 && q.segments[n-1].file != nil {
		return q.segments[n-1], nil
	}
	seg := &segment{spool: sp, path: filepath.Join(sp.dir, fmt.Sprintf("%012d%s", sp.next, segmentExt))}
	f, err := os.OpenFile(seg.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, sp.place.env.Perm())
	if err != nil {
		return nil, err
	}
	sp.next++
	seg.file = f
	q.segments = append(q.segments, seg)
	return seg, nil
}

// finish ends writing to a segment.
func (seg *segment) finish() error {
	f := seg.file
	seg.file = nil
	return errors.Join(f.Sync(), f.Close())
}

// drain starts to send the messages of q unless that is in progress. The caller holds mu.
func (sp *spool) drain(q *queue) {
	if q.draining || sp.closed {
		return
	}
	q.draining = true
	sp.drains.Go(func() { sp.run(q) })
}

// run sends the segments of q until there are none or the time is over.
func (sp *spool) run(q *queue) {
	for {
		sp.mu.Lock()
		if len(q.segments) == 0 || sp.place.over(nil) {
			q.draining = false
			sp.mu.Unlock()
			return
		}
		seg := q.segments[0]
		var err error
		if seg.file != nil {
			err = seg.finish()
		}
		sp.mu.Unlock()
		if err == nil {
			err = sp.send(seg)
		}
		if errors.Is(err, errOver) {
			sp.mu.Lock()
			q.draining = false
			sp.mu.Unlock()
			return
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			sp.place.env.Report(fmt.Errorf("kafka: spool: %w", err))
		}
		sp.mu.Lock()
		q.segments = slices.Delete(q.segments, 0, 1)
		seg.read = true
		sp.mu.Unlock()
		seg.settle(0)
	}
}

// errOver means that the time for sending is over.
var errOver = errors.New("the time is over")

// send passes the messages of a segment to their partitions.
func (sp *spool) send(seg *segment) error {
	data, err := os.ReadFile(seg.path)
	if err != nil {
		return err
	}
	for len(data) > 0 {
		topic, log, m, rest, ok := splitEntry(data)
		if !ok {
			if !seg.earlier {
				return fmt.Errorf("%s: %d bytes are damaged", seg.path, len(data))
			}
			return nil // a write was cut off when a run was killed
		}
		s := sp.place.streamOf(topic, log, seg.earlier)
		if !s.topic.resolve() {
			seg.giveUp()
			return errOver
		}
		size := recordSize(&m)
		sp.place.hold(s.topic, size)
		if sp.place.over(s.topic) {
			sp.place.release(s.topic, size)
			seg.giveUp()
			return errOver
		}
		data = rest
		sp.mu.Lock()
		seg.pending++
		sp.mu.Unlock()
		if !seg.earlier {
			s.spooled.Add(-1)
		}
		s.topic.put(s, seg, &m)
	}
	return nil
}

// settle notes that n messages of the segment are settled, and removes the segment after
// the last.
func (seg *segment) settle(n int) {
	if seg == nil {
		return
	}
	sp := seg.spool
	sp.mu.Lock()
	defer sp.mu.Unlock()
	seg.pending -= n
	if seg.pending > 0 || !seg.read || seg.keep {
		return
	}
	if err := os.Remove(seg.path); err != nil {
		sp.place.env.Report(fmt.Errorf("kafka: spool: %w", err))
	}
	sp.bytes -= seg.bytes
}

// giveUp leaves the segment for the next run.
func (seg *segment) giveUp() {
	seg.spool.mu.Lock()
	defer seg.spool.mu.Unlock()
	seg.keep = true
}

// save keeps the records of a batch that was given up, for the next run.
func (sp *spool) save(b *batch) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	for i, r := range b.rows {
		if r.segment != nil {
			r.segment.keep = true
			r.stream.info.Counts.Dropped(dropSpooled, 1)
			continue
		}
		m := b.message(i)
		sp.buf = appendEntry(sp.buf[:0], r.stream, &m)
		sp.write(sp.queue(r.stream.topic.name), r.stream, 1)
	}
}

// abandon leaves the spool for the next run.
func (sp *spool) abandon() {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.closed = true
}

// end waits until the spool is empty or the time is over, and prevents further drains.
func (sp *spool) end() {
	sp.mu.Lock()
	for _, q := range sp.queues {
		if len(q.segments) > 0 {
			sp.drain(q)
		}
	}
	sp.closed = true
	sp.mu.Unlock()
	sp.drains.Wait()
}

// close counts what stays in the spool.
func (sp *spool) close() error {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	var errs []error
	for _, q := range sp.queues {
		for _, seg := range q.segments {
			if seg.file != nil {
				errs = append(errs, seg.finish())
			}
		}
	}
	for _, s := range sp.place.streams {
		if n := s.spooled.Load(); n > 0 {
			s.info.Counts.Dropped(dropSpooled, uint64(n))
		}
	}
	if sp.bytes > 0 {
		sp.place.env.Notice(fmt.Sprintf("kafka: %d bytes stay in %s for the next run", sp.bytes, sp.dir))
	}
	return errors.Join(append(errs, sp.lock.Close())...)
}

// An entry is a checksum and the length of the rest: topic, log, time, key with its
// length plus 1 (0 for none), value, and headers with their number. All lengths are
// varints.

func appendEntry(dst []byte, s *stream, m *message) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, 8)...)
	text := func(t string) { dst = append(binary.AppendUvarint(dst, uint64(len(t))), t...) }
	text(s.topic.name)
	text(s.info.Log)
	dst = binary.AppendVarint(dst, m.time)
	if m.key == nil {
		dst = append(dst, 0)
	} else {
		dst = append(binary.AppendUvarint(dst, uint64(len(m.key))+1), m.key...)
	}
	dst = append(binary.AppendUvarint(dst, uint64(len(m.value))), m.value...)
	dst = append(binary.AppendUvarint(dst, uint64(m.nHeaders)), m.headers...)
	body := dst[start+8:]
	binary.LittleEndian.PutUint32(dst[start:], crc32.Checksum(body, castagnoli))
	binary.LittleEndian.PutUint32(dst[start+4:], uint32(len(body)))
	return dst
}

// splitEntry splits off the first entry of b. The results are slices of b.
func splitEntry(b []byte) (topic, log string, m message, rest []byte, ok bool) {
	if len(b) < 8 || uint64(binary.LittleEndian.Uint32(b[4:])) > uint64(len(b)-8) {
		return topic, log, m, b, false
	}
	size := binary.LittleEndian.Uint32(b[4:])
	body := b[8 : 8+size]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b) {
		return topic, log, m, b, false
	}
	rest = b[8+size:]
	number := func() uint64 {
		v, n := binary.Uvarint(body)
		if n <= 0 {
			v, n, body = 0, 0, nil
		}
		body = body[n:]
		return v
	}
	bytes := func(n uint64) []byte {
		if n > uint64(len(body)) {
			body = nil
			return nil
		}
		v := body[:n:n]
		body = body[n:]
		return v
	}
	topic = string(bytes(number()))
	log = string(bytes(number()))
	zigzag := number()
	m.time = int64(zigzag>>1) ^ -int64(zigzag&1)
	if n := number(); n > 0 {
		m.key = bytes(n - 1)
	}
	m.value = bytes(number())
	m.nHeaders = int(number())
	m.headers = body
	return topic, log, m, rest, topic != "" && m.value != nil
}
