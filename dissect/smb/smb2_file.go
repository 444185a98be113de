package smb

import "github.com/wirelog/wirelog/dissect/event"

// shareRoot is the name of the file that is opened without one.
const shareRoot = "<share_root>"

// pipeNames are the names by which a named pipe is known where the connection to its tree
// was not seen (Zeek's SMB::pipe_filenames).
var pipeNames = map[string]bool{
	"spoolss": true, "winreg": true, "samr": true, "srvsvc": true, "netdfs": true,
	"lsarpc": true, "wkssvc": true, "MsFteWds": true,
}

// fid is the identifier by which Zeek tells open files apart.
func fid(g event.SMB2GUID) uint64 { return g.Persistent + g.Volatile }

// createRequest takes MS-SMB2 section 2.2.13. Its contexts are passed over.
func (a *analyzer) createRequest(c *cursor) {
	c.skip(2 + 1 + 1 + 4 + 8 + 8 + 4 + 4 + 4)
	disposition, options := c.uint32(), c.uint32()
	nameAt, nameLen := c.uint16(), c.uint16()
	contexts, contextsLen := c.uint32(), c.uint32()
	c.seek(int(nameAt))
	name := c.bytes(int(nameLen))
	c.seek(int(contexts))
	c.skip(int(contextsLen))
	if c.bad() {
		return
	}
	name = a.utf16(name)
	s := &a.session
	if !a.smb2.pipe && pipeNames[string(name)] {
		a.setPipe(uint32(a.smb2.hdr.TreeID))
		if h := &a.f.hooks.PipeConnectHeuristic; h.On() {
			a.f.ev.heuristic = event.SMBPipeConnectHeuristic{Conn: a.c}
			h.Raise(&a.f.ev.heuristic)
		}
		if s.cur.tree == nil {
			s.cur.tree = new(tree)
		}
		s.cur.tree.setPath([]byte("<unknown>"))
	}
	if len(name) > 0 {
		s.current().setName(name)
	} else {
		s.current().setName([]byte(shareRoot))
	}
	s.cur.options = options
	if h := &a.f.hooks.SMB2CreateRequest; h.On() {
		e := &a.f.ev.smb2.createRequest
		*e = event.SMB2CreateRequest{Conn: a.c, Hdr: *a.smb2.hdr, Request: event.SMB2CreateArgs{
			Filename: name, Disposition: uint64(disposition), CreateOptions: uint64(options),
		}}
		h.Raise(e)
	}
}

// optionDeleteOnClose is a create option (MS-SMB2 section 2.2.13).
const optionDeleteOnClose = 0x00001000

// createResponse takes MS-SMB2 section 2.2.14.
func (a *analyzer) createResponse(c *cursor) {
	e := &a.f.ev.smb2.createResponse
	*e = event.SMB2CreateResponse{Conn: a.c, Hdr: *a.smb2.hdr}
	r := &e.Response
	c.skip(2 + 1 + 1)
	r.CreateAction = uint64(c.uint32())
	r.Times = times(c)
	c.skip(8)
	r.Size = c.uint64()
	r.Attrs = attrs(c.uint32())
	c.skip(4)
	r.FileID = guid(c)
	contexts, contextsLen := c.uint32(), c.uint32()
	c.seek(int(contexts))
	c.skip(int(contextsLen))
	if c.bad() {
		return
	}
	s := &a.session
	a.use(fid(r.FileID))
	f := s.cur.file
	f.size = r.Size
	f.setShare(s.cur.tree)
	if r.Times.Modified > 0 {
		f.setModified(r.Times.ModifiedRaw)
	}
	if h := &a.f.hooks.SMB2CreateResponse; h.On() {
		h.Raise(e)
	}
	if a.smb2.status == 0 && s.cur.options&optionDeleteOnClose != 0 {
		a.fileDelete(r.FileID, true)
	}
}

// times takes the four times of a file (MS-FSCC section 2.1.1), in their usual order.
func times(c *cursor) event.SMBMACTimes {
	created, accessed, modified, changed := c.uint64(), c.uint64(), c.uint64(), c.uint64()
	return event.MakeSMBMACTimes(modified, accessed, created, changed)
}

// attrs are file attributes (MS-FSCC section 2.6).
func attrs(v uint32) event.SMB2FileAttrs {
	return event.SMB2FileAttrs{
		ReadOnly:          v&0x00000001 != 0,
		Hidden:            v&0x00000002 != 0,
		System:            v&0x00000004 != 0,
		Directory:         v&0x00000010 != 0,
		Archive:           v&0x00000020 != 0,
		Normal:            v&0x00000080 != 0,
		Temporary:         v&0x00000100 != 0,
		SparseFile:        v&0x00000200 != 0,
		ReparsePoint:      v&0x00000400 != 0,
		Compressed:        v&0x00000800 != 0,
		Offline:           v&0x00001000 != 0,
		NotContentIndexed: v&0x00002000 != 0,
		Encrypted:         v&0x00004000 != 0,
		IntegrityStream:   v&0x00008000 != 0,
		NoScrubData:       v&0x00020000 != 0,
	}
}

// closeRequest takes MS-SMB2 section 2.2.15.
func (a *analyzer) closeRequest(c *cursor) {
	c.skip(2 + 2 + 4)
	id := guid(c)
	if c.bad() {
		return
	}
	a.use(fid(id))
	if h := &a.f.hooks.SMB2CloseRequest; h.On() {
		e := &a.f.ev.smb2.closeRequest
		*e = event.SMB2CloseRequest{Conn: a.c, Hdr: *a.smb2.hdr, FileID: id}
		h.Raise(e)
	}
	s := &a.session
	s.cur.file.setShare(s.cur.tree)
	s.close(fid(id))
	a.fileEnd()
	a.closePipe(fid(id))
}

// closeResponse takes MS-SMB2 section 2.2.16.
func (a *analyzer) closeResponse(c *cursor) {
	e := &a.f.ev.smb2.closeResponse
	*e = event.SMB2CloseResponse{Conn: a.c, Hdr: *a.smb2.hdr}
	r := &e.Response
	c.skip(2 + 2 + 4)
	r.Times = times(c)
	r.AllocSize, r.EOF = c.uint64(), c.uint64()
	r.Attrs = attrs(c.uint32())
	if c.bad() {
		return
	}
	if h := &a.f.hooks.SMB2CloseResponse; h.On() {
		h.Raise(e)
	}
}

// readRequest takes MS-SMB2 section 2.2.19.
func (a *analyzer) readRequest(c *cursor) {
	c.skip(2 + 1 + 1)
	n, offset, id := c.uint32(), c.uint64(), guid(c)
	c.skip(4 + 4 + 4)
	blob16(c)
	if c.bad() {
		return
	}
	a.use(fid(id))
	a.session.cur.offset, a.session.cur.fid = offset, fid(id)
	if h := &a.f.hooks.SMB2ReadRequest; h.On() {
		e := &a.f.ev.smb2.readRequest
		*e = event.SMB2ReadRequest{Conn: a.c, Hdr: *a.smb2.hdr, FileID: id, Offset: offset, Length: uint64(n)}
		h.Raise(e)
	}
}

// readResponse takes MS-SMB2 section 2.2.20.
func (a *analyzer) readResponse(c *cursor) {
	c.skip(2)
	offset := c.uint8()
	c.skip(1)
	n := c.uint32()
	c.skip(4 + 4)
	c.seek(int(offset))
	data := c.bytes(int(n))
	if c.bad() {
		return
	}
	if a.smb2.pipe {
		a.pipeData(a.session.cur.fid, false, data)
		return
	}
	a.fileData(false, a.session.cur.offset, data)
}

// writeRequest takes MS-SMB2 section 2.2.21.
func (a *analyzer) writeRequest(c *cursor) {
	c.skip(2)
	at, n := c.uint16(), c.uint32()
	offset, id := c.uint64(), guid(c)
	c.skip(4 + 4 + 2 + 2 + 4)
	c.seek(int(at))
	data := c.bytes(int(n))
	if c.bad() {
		return
	}
	a.use(fid(id))
	if a.smb2.pipe {
		a.pipeData(fid(id), true, data)
	}
	if h := &a.f.hooks.SMB2WriteRequest; h.On() {
		e := &a.f.ev.smb2.writeRequest
		*e = event.SMB2WriteRequest{Conn: a.c, Hdr: *a.smb2.hdr, FileID: id, Offset: offset, Length: uint64(n)}
		h.Raise(e)
	}
	if !a.smb2.pipe {
		a.fileData(true, offset, data)
	}
}

// fsctlPipeTransceive writes to a named pipe and reads from it (MS-FSCC section 2.3.49).
const fsctlPipeTransceive = 0x0011c017

// ioctlRequest takes MS-SMB2 section 2.2.31.
func (a *analyzer) ioctlRequest(c *cursor) {
	c.skip(2 + 2)
	code, id := c.uint32(), guid(c)
	inputAt, inputLen := c.uint32(), c.uint32()
	c.skip(4)
	outputAt, outputLen := c.uint32(), c.uint32()
	c.skip(4 + 4 + 4)
	input := ioctlBuffers(c, inputAt, inputLen, outputAt, outputLen, true)
	if c.bad() {
		return
	}
	if code == fsctlPipeTransceive {
		a.pipeData(fid(id), true, input)
	}
	a.session.cur.fid = fid(id)
}

// ioctlResponse takes MS-SMB2 section 2.2.32.
func (a *analyzer) ioctlResponse(c *cursor) {
	c.skip(2 + 2)
	code := c.uint32()
	c.skip(16)
	inputAt, inputLen := c.uint32(), c.uint32()
	outputAt, outputLen := c.uint32(), c.uint32()
	c.skip(4 + 4)
	output := ioctlBuffers(c, inputAt, inputLen, outputAt, outputLen, false)
	if c.bad() {
		return
	}
	if code == fsctlPipeTransceive {
		a.pipeData(a.session.cur.fid, false, output)
	}
}

// ioctlBuffers takes the two buffers of an ioctl and returns one of them.
func ioctlBuffers(c *cursor, inputAt, inputLen, outputAt, outputLen uint32, wantInput bool) []byte {
	if inputAt != 0 {
		c.seek(int(inputAt))
	}
	input := c.bytes(int(inputLen))
	if outputAt != 0 && outputAt != inputAt {
		c.seek(int(outputAt))
	}
	output := c.bytes(int(outputLen))
	if wantInput {
		return input
	}
	return output
}
