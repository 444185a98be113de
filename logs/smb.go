package logs

import (
	"encoding/binary"
	"math"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// smb builds smb_files.log, smb_mapping.log and smb_cmd.log after Zeek's base/protocols/smb
// and policy/protocols/smb/log-cmds: a row for each logged action on a file, for each share
// that is connected to, and for each command that is answered.
type smb struct {
	out  schemas.Emitter
	now  func() value.Time
	slot event.Slot
	file event.FileSlot

	files, mapping, cmds bool // the logs that are wanted

	rec struct {
		files   schemas.SMBFiles
		mapping schemas.SMBMapping
		cmd     schemas.SMBCmd
	}
	text     [2][]byte
	ident    []byte
	freeCmds freelist.List[smbCmd]
}

// Bounds of one connection's state. Beyond a bound all entries of the kind are dropped.
const (
	maxSMBPending = 4096
	maxSMBFiles   = 65_536
	maxSMBTrees   = 65_536
	maxSMBRecent  = 16_384
)

// smbRecent is the time since an action's last occurrence within which it is not logged
// again.
const smbRecent = value.Time(180e9)

// smbState is the state of a connection (Zeek's SMB::State). It may outlive the connection,
// as files do.
type smbState struct {
	uid value.UID
	id  event.ConnID

	cmd     *smbCmd // of the current message, as are file and tree
	file    *smbFile
	tree    *smbTree
	pending map[uint64]*smbCmd // by message id (MID)
	fids    map[uint64]*smbFile
	tids    map[uint64]*smbTree
	recent  map[string]value.Time

	conn event.Conn // nil once it has ended
	held int        // bytes on its account
	// recentBytes is what recent takes.
	recentBytes int
}

// grow counts n more bytes of the maps. They are released together.
func (b *smb) grow(s *smbState, n int) {
	if s.conn != nil {
		n = max(n, -s.held)
		s.conn.Hold(b.slot, n)
		s.held += n
	}
}

// forget empties the maps, because too much memory is held.
func (b *smb) forget(c event.Conn) {
	s := b.known(c)
	for _, cmd := range s.pending {
		cmd.pending = false // a handler may still use it
	}
	// clear would keep the maps' memory.
	s.pending, s.fids, s.tids = make(map[uint64]*smbCmd), make(map[uint64]*smbFile), make(map[uint64]*smbTree)
	s.recent, s.recentBytes = nil, 0
	s.conn.Hold(b.slot, -s.held)
	s.held = 0
}

// Sizes of an entry of a map, for accounts.
const (
	smbCmdSize   = 320
	smbFileSize  = 400
	smbTreeSize  = 240
	smbNamedSize = 64 // beside the name
)

// smbCmd is a command.
type smbCmd struct {
	ts      value.Time
	version string
	command string
	sub     string
	status  uint32
	answer  value.Time
	pending bool // it is in smbState.pending
	file    *smbFile
	tree    *smbTree
	// ownTree is set if there was no share when the command came, at treeTS, as with one
	// that connects to a share.
	ownTree bool
	treeTS  value.Time

	argument              value.Opt[string]
	treePath, treeService string
	offered               []string // dialects
	held                  int      // bytes of names that it counts for while it is pending
}

// smbFile is a file that a command is about.
type smbFile struct {
	ts                   value.Time
	fuid                 value.UID
	action               value.Enum
	path, name, prevName value.Opt[string]
	size                 uint64
	times                event.SMBMACTimes
	hasTimes             bool
	held                 int // bytes that it counts for while it is in smbState.fids
}

// smbTree is a share.
type smbTree struct {
	ts                        value.Time
	path, service, fileSystem value.Opt[string]
	shareType                 string
	held                      int // bytes that it counts for while it is in smbState.tids
}

func installSMB(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &smb{
		out: out, now: o.Now,
		files:   out.On(&schemas.SMBFilesSchema),
		mapping: out.On(&schemas.SMBMappingSchema),
		cmds:    out.On(&schemas.SMBCmdSchema),
	}
	b.slot, b.file = h.NewSlot(), h.NewFileSlot()
	h.OnEnd(b.slot, func(c event.Conn) { b.known(c).conn = nil })
	h.OnEarlyEnd(b.slot, b.forget)
	h.SMB.PipeConnectHeuristic.Listen(b.pipeHeuristic)
	h.File.OverNewConnection.Listen(b.fileOverNewConnection)
	h.File.StateRemove.Listen(b.fileRemoved)
	b.listenSMB2(h)
	b.listenSMB1(h)
}

// known returns the state of a connection, nil if it has none.
func (b *smb) known(c event.Conn) *smbState {
	s, _ := c.Slot(b.slot).(*smbState)
	return s
}

func (b *smb) state(c event.Conn) *smbState {
	s := b.known(c)
	if s == nil {
		s = &smbState{
			uid: c.UID(), id: c.ID(), conn: c,
			pending: make(map[uint64]*smbCmd), fids: make(map[uint64]*smbFile), tids: make(map[uint64]*smbTree),
		}
		c.SetSlot(b.slot, s)
	}
	return s
}

// begin makes the command of a message current. isNew reports whether the command was
// unknown.
func (b *smb) begin(s *smbState, mid uint64) (isNew bool) {
	if s.cmd != nil && !s.cmd.pending {
		b.freeCmds.Put(s.cmd)
		s.cmd = nil
	}
	if c, ok := s.pending[mid]; ok {
		s.cmd = c
		return false
	}
	if len(s.pending) >= maxSMBPending {
		b.clearPending(s)
	}
	c := b.newCmd()
	c.ts, c.pending = b.now(), true
	s.pending[mid], s.cmd = c, c
	c.held = smbCmdSize
	b.grow(s, smbCmdSize)
	return true
}

// named counts n bytes of names that the pending command keeps.
func (b *smb) named(s *smbState, n int) {
	if s.cmd.pending {
		s.cmd.held += n
		b.grow(s, n)
	}
}

func (b *smb) clearPending(s *smbState) {
	n := 0
	for _, c := range s.pending {
		c.pending = false // a handler may still use it
		n += c.held
	}
	b.grow(s, -n)
	clear(s.pending)
}

func (b *smb) clearFiles(s *smbState) {
	n := 0
	for _, f := range s.fids {
		n += f.held
		f.held = 0
	}
	b.grow(s, -n)
	clear(s.fids)
}

// weigh counts a file of smbState.fids anew.
func (b *smb) weigh(s *smbState, f *smbFile) {
	n := smbFileSize + len(f.name.V) + len(f.prevName.V)
	b.grow(s, n-f.held)
	f.held = n
}

func (b *smb) newCmd() *smbCmd {
	c := b.freeCmds.Get()
	*c = smbCmd{offered: c.offered[:0]}
	return c
}

// answered ends the current command.
func (b *smb) answered(s *smbState, mid uint64) {
	if n := len(s.pending); n > 0 {
		if delete(s.pending, mid); len(s.pending) < n {
			b.grow(s, -s.cmd.held)
		}
	}
	s.cmd.pending = false
}

// setTree sets the share of a tree id.
func (b *smb) setTree(s *smbState, tid uint64, t *smbTree) {
	if s.tids[tid] == t {
		return
	}
	if len(s.tids) >= maxSMBTrees {
		n := 0
		for _, t := range s.tids {
			n += t.held
			t.held = 0
		}
		b.grow(s, -n)
		clear(s.tids)
	}
	s.tids[tid] = t
	n := smbTreeSize + len(t.path.V) + len(t.service.V) + len(t.fileSystem.V)
	b.grow(s, n-t.held)
	t.held = n
}

// cmdFile returns the file of the current command.
func (b *smb) cmdFile(s *smbState) *smbFile {
	if s.cmd.file == nil {
		s.cmd.file = &smbFile{ts: s.cmd.ts}
	}
	return s.cmd.file
}

// use makes the open file fid current. If fid is unknown, it becomes the command's file.
func (b *smb) use(s *smbState, fid uint64) *smbFile {
	f, ok := s.fids[fid]
	if !ok {
		if len(s.fids) >= maxSMBFiles {
			b.clearFiles(s)
		}
		f = b.cmdFile(s)
		s.fids[fid] = f
		b.weigh(s, f)
	}
	s.cmd.file, s.file = f, f
	return f
}

// closed drops an open file, the current one.
func (b *smb) closed(s *smbState, fid uint64) {
	if s.tree != nil && s.tree.path.OK {
		s.file.path = s.tree.path
	}
	if _, ok := s.fids[fid]; ok {
		delete(s.fids, fid)
		b.grow(s, -s.file.held)
		s.file.held = 0
	}
	b.writeFile(s)
}

func (b *smb) pipeHeuristic(e *event.SMBPipeConnectHeuristic) {
	if s := b.known(e.Conn); s != nil && s.tree != nil {
		s.tree.path, s.tree.shareType = value.Some("<unknown>"), "PIPE"
	}
}

// fileOverNewConnection handles a transferred file, which is that of the current message.
func (b *smb) fileOverNewConnection(e *event.FileOverNewConnection) {
	s := b.known(e.Conn)
	if s == nil || s.file == nil {
		return
	}
	if e.File.Source() == "SMB" && e.File.Slot(b.file) == nil {
		e.File.SetSlot(b.file, s)
	}
	s.file.fuid = e.File.FUID()
	if s.file.name.OK {
		e.File.SetFilename([]byte(s.file.name.V))
	}
	b.writeFile(s)
}

// fileRemoved handles the end of a transferred file. As in Zeek, it writes the row of the
// last message's file.
func (b *smb) fileRemoved(e *event.FileStateRemove) {
	s, ok := e.File.Slot(b.file).(*smbState)
	if !ok {
		return
	}
	e.File.SetSlot(b.file, nil)
	if s.file != nil {
		b.writeFile(s)
	}
}

// smbLogged are the actions that have a row (SMB::logged_file_actions).
func smbLogged(action value.Enum) bool {
	switch action {
	case "SMB::FILE_OPEN", "SMB::FILE_RENAME", "SMB::FILE_DELETE", "SMB::PRINT_OPEN", "SMB::PRINT_CLOSE":
		return true
	}
	return false
}

// writeFile emits the row of the current file, unless it repeats a recent one.
func (b *smb) writeFile(s *smbState) {
	f := s.file
	if !b.files || !f.name.OK || !smbLogged(f.action) || f.hasTimes && b.repeats(s, f) {
		return
	}
	b.text[0] = s.uid.Append(b.text[0][:0])
	b.rec.files = schemas.SMBFiles{
		TS: f.ts, UID: text(b.text[0]), ID: Endpoints(&s.id),
		FUID: b.fuid(f), Action: value.Opt[value.Enum]{V: f.action, OK: f.action != ""},
		Path: f.path, Name: f.name, FileSize: f.size, PrevName: f.prevName, Times: f.columns(),
	}
	b.out.Emit(&b.rec.files)
}

func (b *smb) fuid(f *smbFile) value.Opt[string] {
	if f.fuid.IsZero() {
		return value.Opt[string]{}
	}
	b.text[1] = f.fuid.Append(b.text[1][:0])
	return value.Some(text(b.text[1]))
}

// repeats reports whether the same action was done to a file recently. The file's access
// time does not count.
func (b *smb) repeats(s *smbState, f *smbFile) bool {
	k := append(append(b.ident[:0], f.action...), 0)
	k = f.fuid.Append(k)
	k = append(append(append(k, f.name.V...), 0), f.path.V...)
	for _, n := range [...]uint64{f.size, f.times.ModifiedRaw, f.times.CreatedRaw, f.times.ChangedRaw} {
		k = binary.LittleEndian.AppendUint64(k, n)
	}
	b.ident = k
	now := b.now()
	last, ok := s.recent[string(k)]
	if !ok {
		if s.recent == nil {
			s.recent = make(map[string]value.Time)
		}
		if len(s.recent) >= maxSMBRecent {
			b.grow(s, -s.recentBytes)
			clear(s.recent)
			s.recentBytes = 0
		}
	}
	s.recent[string(k)] = now
	if !ok {
		b.grow(s, smbNamedSize+len(k))
		s.recentBytes += smbNamedSize + len(k)
	}
	return ok && now-last < smbRecent
}

func (f *smbFile) columns() schemas.SMBTimes {
	if !f.hasTimes {
		return schemas.SMBTimes{}
	}
	return schemas.SMBTimes{
		Modified: smbTime(f.times.Modified), Accessed: smbTime(f.times.Accessed),
		Created: smbTime(f.times.Created), Changed: smbTime(f.times.Changed),
	}
}

// setTimes sets the times of a file, unless all are absent.
func (f *smbFile) setTimes(t *event.SMBMACTimes) {
	if t.Modified > 0 {
		f.times, f.hasTimes = *t, true
	}
}

// smbTime rounds to microseconds. Times before 1677, such as those of files without any,
// become the start of that range.
func smbTime(seconds float64) value.Opt[value.Time] {
	whole, part := math.Modf(seconds)
	if whole < math.MinInt64/1e9 || whole > math.MaxInt64/1e9 {
		return value.Some(value.Time(math.Copysign(math.MaxInt64/1_000_000, seconds)) * 1_000_000)
	}
	return value.Some(value.Time(whole)*1e9 + value.Time(math.Round(part*1e6))*1000)
}

// writeTree emits the row of the current share.
func (b *smb) writeTree(s *smbState) {
	if !b.mapping || s.tree == nil {
		return
	}
	b.text[0] = s.uid.Append(b.text[0][:0])
	b.rec.mapping = schemas.SMBMapping{
		TS: s.tree.ts, UID: text(b.text[0]), ID: Endpoints(&s.id),
		Path: s.tree.path, Service: s.tree.service, NativeFileSystem: s.tree.fileSystem, ShareType: s.tree.shareType,
	}
	b.out.Emit(&b.rec.mapping)
}
