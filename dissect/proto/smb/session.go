package smb

import (
	"encoding/binary"
	"github.com/wirelog/wirelog/dissect/conn"

	"github.com/wirelog/wirelog/dissect/file/files"
)

// session is the connection's state of trees and open files, enough to know which file a
// message reads or writes. It follows the state of Zeek's scripts, which attribute file data
// to the file of the current message.
type session struct {
	requests map[uint64]request // unanswered requests by message id (MID)
	trees    map[uint32]*tree   // by tree id (TID)
	files    map[uint64]*openFile
	pipes    map[uint32]bool // trees known to hold named pipes
	cur      request         // the current message's request

	// names is about the bytes of names that the maps refer to, known what account found
	// last, and held what is on the connection's account.
	names, known, held int
}

// Sizes in bytes of what a session has, with its place in a map.
const (
	requestSize = 160
	treeSize    = 96
	fileSize    = 240
	pipeSize    = 512 // with its analyzer
	smallSize   = 24
	// keptMap is the largest number of elements of a map that is reused.
	keptMap = 256
)

// account counts what the session takes after a message.
func (a *analyzer) account() {
	s := &a.session
	if elements := len(s.requests) + len(s.trees) + len(s.files); s.names > 2*s.known+4096+16*elements {
		s.known = 0
		for _, r := range s.requests {
			if r.file != nil {
				s.known += len(r.file.name)
			}
			if r.tree != nil {
				s.known += len(r.tree.path)
			}
		}
		for _, t := range s.trees {
			s.known += len(t.path)
		}
		for _, f := range s.files {
			s.known += len(f.name)
		}
		s.names = s.known
	}
	n := s.names + requestSize*len(s.requests) + treeSize*len(s.trees) + fileSize*len(s.files) +
		smallSize*(len(s.pipes)+len(a.smb1.calls)) + pipeSize*len(a.inner.pipes)
	a.HoldState(n - s.held)
	s.held = n
}

// emptied returns a map without elements, m if it is not large.
func emptied[K comparable, V any](m map[K]V) map[K]V {
	if len(m) > keptMap {
		return nil
	}
	clear(m)
	return m
}

// request is what is known of a request and its reply.
type request struct {
	tree *tree
	file *openFile // nil if unknown
	// ownTree means that the request came without a tree, as a tree connect does.
	ownTree bool
	treeID  uint32
	options uint32 // of a create request
	// fid and offset are those of a read request; fid is also that of an ioctl.
	fid, offset uint64
}

// tree is a share connected to by the client.
type tree struct {
	path    []byte
	hasPath bool
}

// openFile is a file, identified by path, name and modification time.
type openFile struct {
	path, name       []byte
	hasPath, hasName bool
	modified         uint64 // FILETIME (MS-DTYP section 2.3.3)
	size             uint64 // bytes at open
	id               files.ID
}

func (s *session) reset() {
	s.requests, s.trees, s.files, s.pipes = emptied(s.requests), emptied(s.trees), emptied(s.files), emptied(s.pipes)
	s.cur = request{}
	s.names, s.known, s.held = 0, 0, 0
}

// setTree records the tree of a tree id.
func (a *analyzer) setTree(tid uint32, t *tree) {
	s := &a.session
	if s.trees[tid] == t {
		return
	}
	if len(s.trees) >= a.f.opt.Trees {
		a.Limited(source, "trees")
		a.Weird("SMB_too_many_trees", "", source)
		clear(s.trees)
	}
	if s.trees == nil {
		s.trees = make(map[uint32]*tree)
	}
	s.trees[tid] = t
}

// setPath records the tree's path.
func (t *tree) setPath(path []byte) {
	t.path, t.hasPath = append(t.path[:0], path...), true
}

// setName records the file's name.
func (f *openFile) setName(name []byte) {
	f.name, f.hasName, f.id = append(f.name[:0], name...), true, files.ID{}
}

// setShare records the path of the file's tree, if it is known.
func (f *openFile) setShare(t *tree) {
	if t != nil && t.hasPath {
		f.path, f.hasPath, f.id = t.path, true, files.ID{}
	}
}

// setModified records the file's modification time.
func (f *openFile) setModified(t uint64) { f.modified, f.id = t, files.ID{} }

// current returns the current message's file.
func (s *session) current() *openFile {
	if s.cur.file == nil {
		s.cur.file = new(openFile)
	}
	return s.cur.file
}

// use makes the open file fid the current message's file. If fid is unknown, it becomes the
// identifier of the message's file.
func (a *analyzer) use(fid uint64) {
	s := &a.session
	if f, ok := s.files[fid]; ok {
		s.cur.file = f
		return
	}
	if len(s.files) >= a.f.opt.Files {
		a.Limited(source, "open_files")
		a.Weird("SMB_too_many_files", "", source)
		clear(s.files)
	}
	if s.files == nil {
		s.files = make(map[uint64]*openFile)
	}
	s.files[fid] = s.current()
}

// close forgets an open file.
func (s *session) close(fid uint64) { delete(s.files, fid) }

// setPipe records that a tree holds named pipes.
func (a *analyzer) setPipe(tid uint32) {
	s := &a.session
	if len(s.pipes) >= a.f.opt.Trees {
		a.Limited(source, "trees")
		clear(s.pipes)
	}
	if s.pipes == nil {
		s.pipes = make(map[uint32]bool)
	}
	s.pipes[tid] = true
}

// fileID returns the ID of the current message's file, or zero if too little is known of it
// (Zeek's SMB::get_file_handle).
func (a *analyzer) fileID() files.ID {
	f := a.session.cur.file
	if f == nil || a.f.files == nil || !f.hasName && !f.hasPath {
		return files.ID{}
	}
	if f.id.IsZero() {
		addr := a.Conn().OrigAddr().As16()
		h := append(append(a.f.handle[:0], source...), addr[:]...)
		h = append(append(append(h, f.path...), 0), f.name...)
		h = binary.LittleEndian.AppendUint64(append(h, 0), f.modified)
		f.id = a.f.files.ID(a.Conn(), h)
		a.f.handle = h
	}
	return f.id
}

// fileData passes data of the current message's file to file analysis.
func (a *analyzer) fileData(isOrig bool, offset uint64, b []byte) {
	id := a.fileID()
	if id.IsZero() || len(b) == 0 {
		return
	}
	carrier := &a.carrier[conn.Side(isOrig)]
	if size := a.session.cur.file.size; size > 0 && !a.carries(id) {
		if id = a.f.files.SetSize(id, carrier, size); id.IsZero() {
			return
		}
	}
	a.f.files.DataAt(id, carrier, offset, b)
}

// carries reports whether the connection has carried the file before.
func (a *analyzer) carries(id files.ID) bool {
	f := a.f.files.Lookup(id)
	if f == nil {
		return false
	}
	uid := a.Conn().UID()
	for _, c := range f.Conns() {
		if c.UID == uid {
			return true
		}
	}
	return false
}

// fileEnd ends the current message's file.
func (a *analyzer) fileEnd() {
	if id := a.fileID(); !id.IsZero() {
		a.f.files.End(id)
	}
}
