package smb

import (
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

// Information types of SET_INFO (MS-SMB2 section 2.2.39) and information classes (MS-FSCC
// section 2.4).
const (
	infoFile       = 1
	infoFileSystem = 2

	fileBasic           = 4
	fileRename          = 10
	fileLink            = 11
	fileDisposition     = 13
	filePosition        = 14
	fileFullEA          = 15
	fileMode            = 16
	fileAllocation      = 19
	fileEndOfFile       = 20
	filePipe            = 24
	fileValidDataLength = 39
	fileShortName       = 40

	// Classes of infoFileSystem (MS-FSCC section 2.5).
	fsControl  = 6
	fsObjectID = 8
)

// setInfoRequest parses MS-SMB2 section 2.2.39.
func (a *analyzer) setInfoRequest(c *cursor) {
	const where = "SMB2_set_info_request"
	if !c.fixed(where+":file_id", 32) {
		return
	}
	c.skip(2)
	kind, class := c.uint8(), c.uint8()
	c.skip(4)
	at := c.uint16()
	c.skip(2 + 4)
	id := guid(c)
	c.seek(where+":pad", at)
	c.begin()
	switch {
	case c.bad():
	case kind == infoFile:
		a.setFileInfo(class, id, c)
	case kind == infoFileSystem && class == fsControl:
		c.bare("SMB2_file_fscontrol_info", 48)
	case kind == infoFileSystem && class == fsObjectID:
		if c.fixed("SMB2_file_fsobjectid_info:object_id", 16) {
			c.skip(16)
			c.text(48)
		}
	}
}

// setFileInfo parses file information to be set. Some classes are only checked for form.
func (a *analyzer) setFileInfo(class uint8, id event.SMB2GUID, c *cursor) {
	switch class {
	case fileBasic:
		a.setBasic(id, c)
	case fileRename:
		// MS-FSCC section 2.4.43.2
		if name := c.newName("SMB2_file_rename_info:filename_len"); !c.bad() {
			a.rename(id, a.utf16(name))
		}
	case fileLink:
		c.newName("SMB2_file_link_info:file_name_length")
	case fileDisposition:
		// MS-FSCC section 2.4.11
		if c.fixed("SMB2_file_disposition_info", 1) {
			a.fileDelete(id, c.uint8() != 0)
		}
	case filePosition:
		c.bare("SMB2_file_position_info", 8)
	case fileFullEA:
		c.fullEA()
	case fileMode:
		c.bare("SMB2_file_mode_info", 4)
	case fileAllocation:
		c.bare("SMB2_file_allocation_info", 8)
	case fileEndOfFile:
		c.bare("SMB2_file_endoffile_info", 8)
	case filePipe:
		c.bare("SMB2_file_pipe_info", 8)
	case fileValidDataLength:
		c.bare("SMB2_file_validdatalength_info", 8)
	case fileShortName:
		if c.fixed("SMB2_file_shortname_info:filename_length", 4) {
			c.text(c.uint32())
		}
	}
}

// newName parses a file's new name (MS-FSCC sections 2.4.28.2 and 2.4.43.2).
func (c *cursor) newName(where string) []byte {
	if !c.fixed(where, 20) {
		return nil
	}
	c.skip(1 + 7 + 8)
	return c.text(c.uint32())
}

// fullEA parses extended attributes (MS-FSCC section 2.4.16).
func (c *cursor) fullEA() {
	const where = "SMB2_file_fullea_info_element"
	for c.at < len(c.b) {
		c.begin()
		if !c.fixed(where+":ea_value_length", 8) {
			return
		}
		entry := c.at
		next := c.uint32()
		c.skip(1)
		name, value := c.uint8(), c.uint16()
		c.text(uint32(name))
		c.text(uint32(value))
		if c.bad() || next == 0 {
			return
		}
		if end := entry + int(next); end > len(c.b) {
			c.err = wire.OutOfBound(where+":pad_to_next", int(int32(next)), len(c.b)-end)
		} else {
			c.at = max(c.at, end)
		}
	}
}

// setBasic parses MS-FSCC section 2.4.7.
func (a *analyzer) setBasic(id event.SMB2GUID, c *cursor) {
	if !c.fixed("SMB2_file_basic_info", 36) {
		return
	}
	t, attributes := times(c), c.uint32()
	a.use(fid(id))
	if e := a.f.hooks.SMB2FileSattr.Begin(); e != nil {
		*e = event.SMB2FileSattr{Conn: a.Conn(), Hdr: *a.smb2.hdr, FileID: id, Times: t, Attrs: attrs(attributes)}
		a.f.hooks.SMB2FileSattr.Raise(e)
	}
}

func (a *analyzer) rename(id event.SMB2GUID, name []byte) {
	a.use(fid(id))
	a.session.cur.file.setName(name)
	a.session.names += len(name)
	if e := a.f.hooks.SMB2FileRename.Begin(); e != nil {
		*e = event.SMB2FileRename{Conn: a.Conn(), Hdr: *a.smb2.hdr, FileID: id, DstFilename: name}
		a.f.hooks.SMB2FileRename.Raise(e)
	}
}

func (a *analyzer) fileDelete(id event.SMB2GUID, pending bool) {
	a.use(fid(id))
	if e := a.f.hooks.SMB2FileDelete.Begin(); e != nil {
		*e = event.SMB2FileDelete{Conn: a.Conn(), Hdr: *a.smb2.hdr, FileID: id, DeletePending: pending}
		a.f.hooks.SMB2FileDelete.Raise(e)
	}
}
