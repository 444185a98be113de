package smb

import "github.com/wirelog/wirelog/dissect/event"

// What SET_INFO sets (MS-SMB2 section 2.2.39), and classes of it (MS-FSCC section 2.4).
const (
	infoFile = 1

	fileBasic       = 4
	fileRename      = 10
	fileDisposition = 13
)

// setInfoRequest takes MS-SMB2 section 2.2.39.
func (a *analyzer) setInfoRequest(c *cursor) {
	c.skip(2)
	kind, class := c.uint8(), c.uint8()
	c.skip(4)
	at := c.uint16()
	c.skip(2 + 4)
	id := guid(c)
	c.seek(int(at))
	if kind != infoFile || c.bad() {
		return
	}
	switch class {
	case fileBasic:
		a.setBasic(id, c)
	case fileRename:
		// MS-FSCC section 2.4.43.2
		c.skip(1 + 7 + 8)
		name := c.bytes(int(c.uint32()))
		if !c.bad() {
			a.rename(id, a.utf16(name))
		}
	case fileDisposition:
		// MS-FSCC section 2.4.11
		pending := c.uint8() != 0
		if !c.bad() {
			a.fileDelete(id, pending)
		}
	}
}

// setBasic takes MS-FSCC section 2.4.7.
func (a *analyzer) setBasic(id event.SMB2GUID, c *cursor) {
	t, attributes := times(c), c.uint32()
	if c.bad() {
		return
	}
	a.use(fid(id))
	if h := &a.f.hooks.SMB2FileSattr; h.On() {
		e := &a.f.ev.smb2.sattr
		*e = event.SMB2FileSattr{Conn: a.c, Hdr: *a.smb2.hdr, FileID: id, Times: t, Attrs: attrs(attributes)}
		h.Raise(e)
	}
}

func (a *analyzer) rename(id event.SMB2GUID, name []byte) {
	a.use(fid(id))
	a.session.cur.file.setName(name)
	if h := &a.f.hooks.SMB2FileRename; h.On() {
		e := &a.f.ev.smb2.rename
		*e = event.SMB2FileRename{Conn: a.c, Hdr: *a.smb2.hdr, FileID: id, DstFilename: name}
		h.Raise(e)
	}
}

func (a *analyzer) fileDelete(id event.SMB2GUID, pending bool) {
	a.use(fid(id))
	if h := &a.f.hooks.SMB2FileDelete; h.On() {
		e := &a.f.ev.smb2.fileDelete
		*e = event.SMB2FileDelete{Conn: a.c, Hdr: *a.smb2.hdr, FileID: id, DeletePending: pending}
		h.Raise(e)
	}
}
