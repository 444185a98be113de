package smb

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/file/files"
)

// session is what the messages of a connection have told of its trees and open files, as
// far as it takes to know which file is read or written. It follows the state of Zeek's
// scripts, where what is said about a file is about that of the message at work.
type session struct {
	requests map[uint64]request // by message id (MID), until they are answered
	trees    map[uint32]*tree   // by tree id (TID)
	files    map[uint64]*openFile
	pipes    map[uint32]bool // the trees that are known to be pipes
	cur      request         // what the message at work is about
}

// request is what a request and its reply are about.
type request struct {
	tree *tree
	file *openFile // nil if nothing is known of it
	// ownTree tells that there was no tree yet, as in a request to connect to one.
	ownTree bool
	treeID  uint32
	options uint32 // of a request to create
	// fid and offset are those of a request to read, fid also that of an ioctl.
	fid, offset uint64
}

// tree is a share that the client is connected to.
type tree struct {
	path    []byte
	hasPath bool
}

// openFile is a file, by what makes it another one than others: path and name, and when
// it was modified.
type openFile struct {
	path, name       []byte
	hasPath, hasName bool
	modified         uint64 // FILETIME (MS-DTYP section 2.3.3)
	size             uint64 // bytes, when it was opened
	id               files.ID
}

func (s *session) reset() {
	clear(s.requests)
	clear(s.trees)
	clear(s.files)
	clear(s.pipes)
	s.cur = request{}
}

// setTree notes what is connected to by a tree id.
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

// setPath notes the path of a tree.
func (t *tree) setPath(path []byte) {
	t.path, t.hasPath = append(t.path[:0], path...), true
}

// setName notes the name of a file.
func (f *openFile) setName(name []byte) {
	f.name, f.hasName, f.id = append(f.name[:0], name...), true, files.ID{}
}

// setTree notes that a file is in a tree whose path is known.
func (f *openFile) setShare(t *tree) {
	if t != nil && t.hasPath {
		f.path, f.hasPath, f.id = t.path, true, files.ID{}
	}
}

// setModified notes when the file was modified last.
func (f *openFile) setModified(t uint64) { f.modified, f.id = t, files.ID{} }

// current returns the file of the message at work.
func (s *session) current() *openFile {
	if s.cur.file == nil {
		s.cur.file = new(openFile)
	}
	return s.cur.file
}

// use makes the open file fid that of the message at work. If it is not known, the file of
// the message becomes it.
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

// setPipe notes that a tree is one of named pipes.
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

// fileID returns the ID of the file of the message at work, zero if too little is known of
// it (Zeek's SMB::get_file_handle).
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

// fileData takes bytes of the file of the message at work.
func (a *analyzer) fileData(isOrig bool, offset uint64, b []byte) {
	id := a.fileID()
	if id.IsZero() || len(b) == 0 {
		return
	}
	carrier := &a.carrier[index(isOrig)]
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

// fileEnd ends the file of the message at work.
func (a *analyzer) fileEnd() {
	if id := a.fileID(); !id.IsZero() {
		a.f.files.End(id)
	}
}
