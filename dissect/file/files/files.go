// Package files is file analysis: it reassembles, recognizes, hashes and extracts
// the files that protocols transfer, whichever protocol and however many connections
// carry them. It follows Zeek's src/file_analysis.
//
// A protocol names a file by a handle: any bytes that identify it among the files
// between two hosts (Zeek's get_file_handle). The same handle means the same file, even
// on another connection. Manager.ID turns the handle into an ID. The first method called
// with that ID opens the file. Methods return the ID to use next; it is zero once the
// file is complete, and the protocol makes a new one if more arrives.
package files

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"io/fs"
	"maps"
	"math"
	"math/bits"
	"path/filepath"
	"slices"
	"time"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/magic"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/internal/linked"
	"github.com/wirelog/wirelog/value"
)

// ID names a file. The zero ID names none.
type ID struct {
	hi, lo uint64 // 96 bits derived from the handle
	hosts  uint64
}

// IsZero reports whether id names no file.
func (id ID) IsZero() bool { return id == ID{} }

// UID returns the file's identifier in events and logs.
func (id ID) UID() value.UID {
	if id.hi&isStatic != 0 {
		return value.MakeFileUID(id.hi, id.lo)
	}
	return value.MakeUID('F', id.hi, id.lo)
}

// Carrier says where the bytes of a file come from. A protocol keeps one for each
// direction of a connection.
type Carrier struct {
	// Source is the protocol's name, such as "HTTP".
	Source string
	// Conn is the connection, or nil; IsOrig is its direction.
	Conn   event.Conn
	IsOrig bool
	// MIME is the media type that the protocol states, which saves detecting it; ""
	// if none. It is used only before the first byte.
	MIME string
	// Parent is the file that contains this one, or the zero UID.
	Parent value.UID
}

// Clock is the time of a shard.
type Clock interface {
	// Now is the network time, which rows carry, Clock the run's clock, and PacketNum
	// the number of the current packet.
	Now() value.Time
	Clock() value.Time
	PacketNum() uint64
	SetNow(now value.Time, num uint64)
}

// TimerClock decides when a timer with deadline d fires: at the first packet of the
// run, on any shard, whose clock has reached d. At returns that packet's clock and
// number.
type TimerClock interface {
	At(d value.Time) (now value.Time, num uint64)
}

// Options configure a Manager. Start from DefaultOptions: a zero limit is not replaced.
type Options struct {
	Hash    []string `key:"files.hash" flag:"hash" doc:"hashes of every transferred file: md5, sha1, sha256"`
	Extract []string `key:"files.extract" flag:"extract" doc:"media types of the files to write to disk, such as application/*; none if not given"`
	// ExtractDir is created if necessary. File names consist of the time, the protocol,
	// the file's identifier and its media type, never of transferred data.
	ExtractDir string `key:"files.extract_dir" is:"path" flag:"extract-dir" doc:"folder for extracted files, below output_dir if it is relative; created if needed"`
	// Gaps count towards ExtractLimit.
	ExtractLimit uint64 `key:"files.extract_limit" flag:"extract-limit" unit:"bytes" min:"0" doc:"bytes after which an extracted file is cut off; 0 is no limit (FileExtract::default_limit)"`

	// ExtractRoot is the folder that a relative ExtractDir lies in.
	ExtractRoot string
	// ExtractMode is the permissions of extracted files.
	ExtractMode fs.FileMode
	// BareNames leaves out the extension of the media type, and the folder in the row.
	BareNames bool
	// OnExtract, if set, is called with the path of each extracted file before it is
	// written, as the row has it: relative if ExtractDir is. Shards call it concurrently.
	OnExtract func(path string)

	// Beyond Open, the least recently active file ends as if it had timed out.
	Open            int `key:"limits.files_open" unit:"count" per:"run" min:"1" doc:"transferred files in progress at once, in all; beyond it the oldest is ended"`
	OpenPerConn     int `key:"limits.files_per_connection" unit:"count" min:"1" doc:"transferred files in progress at once that one connection began; more are not analyzed"`
	ReassemblyBytes int `key:"limits.file_reassembly_buffer_size" unit:"bytes" min:"1" doc:"bytes of one file held until earlier ones arrive; beyond it a gap is declared (Files::reassembly_buffer_size)"`
	ExtractOpen     int `key:"limits.extract_open" unit:"count" per:"run" min:"1" doc:"extracted files written at once, in all; more are not extracted"`

	Timeout time.Duration `key:"timeouts.file_timeout_interval" doc:"silence that ends a transferred file (default_file_timeout_interval)"`

	// ReassemblyBlocks bounds the separate out-of-order pieces held for one file.
	ReassemblyBlocks int
	// ConnsPerFile is how many connections are recorded for one file.
	ConnsPerFile int
	// TotalReassembly bounds the out-of-order bytes held for all files. A
	// dissect.Shard sets it to half the ReassemblyBytes of its connections.
	TotalReassembly int
	// Seed keys the identifiers of files. New replaces the zero Seed by a random
	// one; a dissect.Shard derives it from the seed of its connections.
	Seed [2]uint64
	// BestType makes FileSniff list only the best match of a file's type, for a third
	// of the work.
	BestType bool
}

// DefaultOptions returns the defaults, Zeek's where Zeek has them.
func DefaultOptions() Options {
	return Options{
		ExtractDir:       "extract_files",
		ExtractMode:      0o640,
		ExtractLimit:     100 << 20,
		Open:             131_072,
		OpenPerConn:      4096,
		ReassemblyBytes:  512 << 10,
		ExtractOpen:      256,
		Timeout:          2 * time.Minute,
		ReassemblyBlocks: 4096,
		ConnsPerFile:     1024,
		TotalReassembly:  512 << 20,
	}
}

// ExtractPath returns the folder of extracted files.
func (o *Options) ExtractPath() string {
	if filepath.IsAbs(o.ExtractDir) {
		return o.ExtractDir
	}
	return filepath.Join(o.ExtractRoot, o.ExtractDir)
}

// never is a timeout beyond any clock; a clock plus never is still a Time.
const never = math.MaxInt64 / 4

// Stats counts a Manager's work.
type Stats struct {
	Files    uint64 // opened
	Bytes    uint64 // analyzed
	Evicted  uint64 // files ended early, because too many were open
	Refused  uint64 // files not opened, because their connection has too many
	Conns    uint64 // connections not recorded with a file, because it has too many
	Overflow uint64 // holes given up, because too much was held behind them
	Panics   uint64 // of analyzers
	Unhashed uint64 // hashes not made because of Manager.Shed
	Extract  ExtractStats
}

// Manager has the open files of one shard. It is not safe for concurrent use.
type Manager struct {
	opt Options
	// timeout is Options.Timeout, or never.
	timeout value.Time
	hooks   *event.Hooks
	clock   Clock
	cause   func(deadline value.Time, first, num uint64)
	stats   Stats
	// shedding leaves out hashes and extraction.
	shedding bool

	open       map[ID]*File
	perConn    map[uint64]int    // by number of the connection's first packet
	last       *File             // used last
	byDeadline linked.List[File] // open files
	serial     uint64
	held       int // out-of-order bytes held for all files
	state      int // bytes that open files take

	kinds   map[string][]*Kind // by MIME type
	panics  map[*Kind]int      // of their analyzers
	limited map[Limit]uint64
	hashes  []*Kind
	extract *extractor

	freeFiles freelist.List[File]
	freeBOF   [][]byte
	magic     magic.Matcher
	matches   []event.MIMEMatch
}

// New returns a Manager that raises its events on hooks. cause is called for every
// timer that is about to raise events, with its deadline, the number of the packet
// with which its file began and that of the packet before which it fires.
func New(o Options, hooks *event.Hooks, clock Clock, cause func(deadline value.Time, first, num uint64)) *Manager {
	if o.Seed == ([2]uint64{}) {
		o.Seed = randomSeed()
	}
	m := &Manager{opt: o, timeout: cmp.Or(value.Time(o.Timeout), never), hooks: hooks, clock: clock, cause: cause,
		open: make(map[ID]*File), perConn: make(map[uint64]int), kinds: make(map[string][]*Kind), panics: make(map[*Kind]int)}
	for _, name := range o.Hash {
		if k := hashKindOf(name); k != nil {
			m.hashes = append(m.hashes, k)
		}
	}
	if o.ExtractDir != "" && len(o.Extract) != 0 {
		m.extract = newExtractor(&m.opt, &m.stats.Extract)
	}
	return m
}

func randomSeed() (s [2]uint64) {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return [2]uint64{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])}
}

// Register attaches an analyzer of kind k to every file of k's MIME types. It may
// only be called while the pipeline is built.
func (m *Manager) Register(k *Kind) {
	for _, t := range k.MIMETypes {
		m.kinds[t] = append(m.kinds[t], k)
	}
}

// Stats returns the counters.
func (m *Manager) Stats() Stats { return m.stats }

// Shed leaves out hashes and extraction of files, or does not. What is begun meanwhile, or
// goes on, stays unfinished.
func (m *Manager) Shed(on bool) { m.shedding = on }

// Limit names a limit of a file analyzer: Zeek's name of the analyzer, and the bounded quantity.
type Limit struct{ Analyzer, Name string }

// Limited counts one more time that an analyzer reached a limit. Both names must be
// constants.
func (m *Manager) Limited(analyzer, name string) {
	if m.limited == nil {
		m.limited = make(map[Limit]uint64)
	}
	m.limited[Limit{analyzer, name}]++
}

// LimitCounts returns how often each limit of an analyzer was reached.
func (m *Manager) LimitCounts() map[Limit]uint64 { return maps.Clone(m.limited) }

// Open returns the number of open files.
func (m *Manager) Open() int { return len(m.open) }

// ID makes the ID of a file from its handle. c is the connection that carries the file,
// or nil. The UID depends on the handle alone. The same handle between other hosts is
// still another file, because another shard may have it: the hosts are those of the
// connection and of the outermost tunnel around it.
func (m *Manager) ID(c event.Conn, handle []byte) ID {
	h := hasher{m.opt.Seed[0], m.opt.Seed[1]}
	h.bytes(handle)
	id := ID{hi: h.hi & math.MaxUint32, lo: h.lo | 1<<63} // never the zero ID
	if c != nil {
		conn := c.ID()
		if layers := c.Tunnel(); len(layers) > 0 {
			outer := &layers[0].ID
			h.pair(outer.OrigH.As16(), outer.RespH.As16())
		}
		h.pair(conn.OrigH.As16(), conn.RespH.As16())
		id.hosts = h.lo
	}
	return id
}

// hasher is a keyed 128-bit hash: two lanes of the multiply-and-fold family.
type hasher struct{ hi, lo uint64 }

func mum(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func (h *hasher) word(v uint64) {
	h.hi = mum(h.hi^v, 0x9e3779b97f4a7c15^h.lo)
	h.lo = mum(h.lo^v^0xbf58476d1ce4e5b9, 0x94d049bb133111eb)
}

// pair hashes two addresses regardless of their order.
func (h *hasher) pair(a, b [16]byte) {
	if slices.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	for _, x := range [2]*[16]byte{&a, &b} {
		h.word(binary.BigEndian.Uint64(x[:8]))
		h.word(binary.BigEndian.Uint64(x[8:]))
	}
}

func (h *hasher) bytes(b []byte) {
	n := uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		h.word(binary.LittleEndian.Uint64(b))
	}
	var tail [8]byte
	copy(tail[:], b)
	h.word(binary.LittleEndian.Uint64(tail[:]))
	h.word(n)
	h.hi = mum(h.hi, h.lo|1)
}

// Data passes the next bytes of a file.
func (m *Manager) Data(id ID, c *Carrier, b []byte) ID {
	f := m.get(id, c, false)
	if f == nil {
		return ID{}
	}
	f.setMIME(c.MIME)
	f.chunk(b, f.offset)
	return m.goOn(f)
}

// DataAt passes bytes of a file at offset, in any order.
func (m *Manager) DataAt(id ID, c *Carrier, offset uint64, b []byte) ID {
	f := m.get(id, c, true)
	if f == nil {
		return ID{}
	}
	f.setMIME(c.MIME)
	f.chunk(b, offset)
	return m.goOn(f)
}

// Gap reports that n bytes of a file from offset on will not arrive.
func (m *Manager) Gap(id ID, c *Carrier, offset, n uint64) ID {
	f := m.get(id, c, true)
	if f == nil {
		return ID{}
	}
	f.missing(offset, n)
	m.weigh(f)
	return id
}

// SetSize sets the file's total length in bytes. A file of that length is complete.
func (m *Manager) SetSize(id ID, c *Carrier, n uint64) ID {
	f := m.get(id, c, true)
	if f == nil {
		return ID{}
	}
	f.total, f.hasTotal = n, true
	return m.goOn(f)
}

// End ends the file. It does nothing if the file is not open.
func (m *Manager) End(id ID) {
	if f := m.open[id]; f != nil {
		m.remove(f)
	}
}

// Sizes in bytes of what files have, for StateHeld.
var (
	fileBytes     = freelist.Size[File]() + 256 // with its place in maps and its slots
	connBytes     = freelist.Size[event.FileConn]()
	blockBytes    = freelist.Size[block]() + 16 // with what the allocator adds to short data
	analyzerBytes = 256
)

// weigh counts what f takes now.
func (m *Manager) weigh(f *File) {
	n := fileBytes + cap(f.bof) + f.wait.size + blockBytes*len(f.wait.blocks) + connBytes*cap(f.conns) +
		analyzerBytes*len(f.analyzers) + cap(f.filename)
	m.state += n - f.weight
	f.weight = n
}

// Held returns how many bytes of files that arrived out of order are held.
func (m *Manager) Held() int { return m.held }

// StateHeld returns about how many bytes of memory the open files take.
func (m *Manager) StateHeld() int { return m.state }

// EndOldest ends the file that has been silent for the longest time, because too much
// memory is held. It does nothing without open files.
func (m *Manager) EndOldest() {
	f := m.byDeadline.Oldest()
	if f == nil {
		return
	}
	m.Limited("FILES", "state_bytes")
	if e := m.hooks.Weird.File.Begin(); e != nil {
		*e = event.FileWeird{Name: "too_much_state", File: f, Addl: []byte("state_bytes"), Source: f.source}
		m.hooks.Weird.File.Raise(e)
	}
	m.expire(f)
}

// Lookup returns the open file, or nil.
func (m *Manager) Lookup(id ID) *File { return m.open[id] }

func (m *Manager) goOn(f *File) ID {
	if f.complete() {
		m.remove(f)
		return ID{}
	}
	m.weigh(f)
	return f.id
}

// get returns the file, opening it if necessary. If look is set, it records the
// connection if that is a new one.
func (m *Manager) get(id ID, c *Carrier, look bool) *File {
	if id.IsZero() {
		return nil
	}
	if f := m.last; f != nil && f.id == id {
		return m.touch(f, c, look)
	}
	if f := m.open[id]; f != nil {
		m.last = f
		return m.touch(f, c, look)
	}
	return m.create(id, c)
}

func (m *Manager) touch(f *File, c *Carrier, look bool) *File {
	f.active, f.touched = m.clock.Now(), m.clock.Clock()
	if look && c.Conn != nil {
		m.noteConn(f, c)
	}
	return f
}

func (m *Manager) create(id ID, c *Carrier) *File {
	var conn uint64
	if c.Conn != nil {
		conn = c.Conn.FirstPacket()
		if m.perConn[conn] >= m.opt.OpenPerConn {
			m.stats.Refused++
			return nil
		}
	}
	if len(m.open) >= m.opt.Open {
		m.stats.Evicted++
		m.expire(m.byDeadline.Oldest())
	}
	f := m.newFile()
	now := m.clock.Now()
	m.serial++
	m.stats.Files++
	f.id, f.source, f.parent, f.serial = id, c.Source, c.Parent, m.serial
	f.start, f.active, f.first = now, now, m.clock.PacketNum()
	f.touched = m.clock.Clock()
	if c.Conn != nil {
		f.hasConn, f.isOrig, f.opener = true, c.IsOrig, conn
		m.perConn[conn]++
	}
	m.open[id] = f
	m.last = f
	f.deadline = f.touched + m.timeout
	m.byDeadline.Add(&f.byDeadline, f)

	if e := m.hooks.File.New.Begin(); e != nil {
		e.File = f
		m.hooks.File.New.Raise(e)
	}
	for _, k := range m.hashes {
		f.Attach(k)
	}
	if c.Conn != nil {
		m.noteConn(f, c)
	}
	return f
}

func (m *Manager) newFile() *File {
	f := m.freeFiles.Get()
	f.m = m
	return f
}

// noteConn adds a connection to those that carry f, unless it is known.
func (m *Manager) noteConn(f *File, c *Carrier) {
	num := c.Conn.FirstPacket()
	if f.lastConn == c.Conn && f.lastNum == num {
		return
	}
	f.lastConn, f.lastNum = c.Conn, num
	id := c.Conn.ID()
	for i := range f.conns {
		if f.conns[i].ID == id {
			return
		}
	}
	if len(f.conns) >= m.opt.ConnsPerFile {
		m.stats.Conns++
		return
	}
	f.conns = append(f.conns, event.FileConn{ID: id, UID: c.Conn.UID()})
	if e := m.hooks.File.OverNewConnection.Begin(); e != nil {
		*e = event.FileOverNewConnection{File: f, Conn: c.Conn, IsOrig: c.IsOrig}
		m.hooks.File.OverNewConnection.Raise(e)
	}
}

// remove ends f.
func (m *Manager) remove(f *File) {
	f.end()
	m.byDeadline.Remove(&f.byDeadline)
	delete(m.open, f.id)
	if m.last == f {
		m.last = nil
	}
	if f.hasConn {
		if n := m.perConn[f.opener] - 1; n > 0 {
			m.perConn[f.opener] = n
		} else {
			delete(m.perConn, f.opener)
		}
	}
	m.state -= f.weight
	f.reset()
	m.freeFiles.Put(f)
}

// expire ends f because nothing more is expected.
func (m *Manager) expire(f *File) {
	if e := m.hooks.File.Timeout.Begin(); e != nil {
		e.File = f
		m.hooks.File.Timeout.RaiseAll(e, f.panicked)
	}
	m.remove(f)
}

// Due reports whether Advance has something to do at now.
func (m *Manager) Due(now value.Time) bool {
	f := m.byDeadline.Oldest()
	return f != nil && f.deadline <= now
}

// Deadline returns when Advance next has something to do. It may only be called after
// Due has returned true.
func (m *Manager) Deadline() value.Time { return m.byDeadline.Oldest().deadline }

// Advance ends the files that have been silent for the timeout. It must be called
// wherever the timers of connections are advanced. As in Zeek, a file is checked once
// per timeout, so it may stay open for nearly two.
func (m *Manager) Advance(now value.Time, clock TimerClock) {
	for f := m.byDeadline.Oldest(); f != nil && f.deadline <= now; f = m.byDeadline.Oldest() {
		at, num := clock.At(f.deadline)
		m.clock.SetNow(at, num)
		if at-f.touched >= m.timeout {
			m.cause(f.deadline, f.first, num)
			m.expire(f)
			continue
		}
		m.byDeadline.Remove(&f.byDeadline)
		f.deadline = at + m.timeout
		m.byDeadline.Add(&f.byDeadline, f)
	}
}

// Drain ends all files, in the order in which they were opened. cause is called before
// each with the number of the packet with which it began.
func (m *Manager) Drain(cause func(first uint64)) {
	all := make([]*File, 0, len(m.open))
	for f := range m.byDeadline.All() {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *File) int {
		if a.serial < b.serial {
			return -1
		}
		return 1
	})
	for _, f := range all {
		cause(f.first)
		m.expire(f)
	}
}

// MIMEType returns the best media type for the beginning of a file, or "" if none
// matches.
func (m *Manager) MIMEType(head []byte) string {
	m.matches = m.magic.Append(m.matches[:0], head, true)
	if len(m.matches) == 0 {
		return ""
	}
	return m.matches[0].MIME
}
