package event

// MIMEHeader is one header of a mail or HTTP message, or of a part of one (Zeek's
// mime_header_rec).
//
//wirelog:record mime_header_rec
type MIMEHeader struct {
	// OriginalName is the name as it was sent, Name in upper case. All strings are
	// valid inside the call.
	OriginalName []byte `zeek:"original_name"`
	Name         []byte `zeek:"name"`
	Value        []byte `zeek:"value"`
}

// MIMEBeginEntity is raised when a mail message, or a part of it, begins with its
// headers (RFC 2045).
//
//wirelog:event mime_begin_entity section=MIME
type MIMEBeginEntity struct {
	Conn Conn `zeek:"c"`
}

// MIMEEndEntity is raised when a mail message, or a part of it, has ended.
//
//wirelog:event mime_end_entity section=MIME
type MIMEEndEntity struct {
	Conn Conn `zeek:"c"`
}

// MIMEOneHeader is raised for every header of a mail message or part (RFC 5322
// section 2.2).
//
//wirelog:event mime_one_header section=MIME
type MIMEOneHeader struct {
	Conn Conn       `zeek:"c"`
	H    MIMEHeader `zeek:"h"`
}

// MIMEAllHeaders is raised when the headers of a mail message or part are complete.
//
//wirelog:event mime_all_headers section=MIME
type MIMEAllHeaders struct {
	Conn  Conn              `zeek:"c"`
	HList Table[MIMEHeader] `zeek:"hlist" type:"mime_header_list"` // in their order; valid inside the call
}

// MIMESegmentData is raised for every piece of a mail message's decoded data as it
// arrives. Pieces have up to 1024 bytes.
//
//wirelog:event mime_segment_data section=MIME
type MIMESegmentData struct {
	Conn   Conn   `zeek:"c"`
	Length uint64 `zeek:"length"` // bytes of Data
	Data   []byte `zeek:"data"`   // valid inside the call
}

// MIMEEntityData is raised when a part of a mail message has ended, with its
// decoded data.
//
//wirelog:event mime_entity_data section=MIME
type MIMEEntityData struct {
	Conn   Conn   `zeek:"c"`
	Length uint64 `zeek:"length"` // bytes of Data
	Data   []byte `zeek:"data"`   // valid inside the call
}

// MIMEAllData is raised when a mail message has ended, with the decoded data of all
// of its parts, one after the other.
//
//wirelog:event mime_all_data section=MIME
type MIMEAllData struct {
	Conn   Conn   `zeek:"c"`
	Length uint64 `zeek:"length"` // bytes of Data
	Data   []byte `zeek:"data"`   // valid inside the call
}

// MIMEEvent is raised when a mail message breaks the rules of MIME.
//
//wirelog:event mime_event section=MIME
type MIMEEvent struct {
	Conn      Conn   `zeek:"c"`
	EventType string `zeek:"event_type"` // "illegal format" or "illegal encoding"
	Detail    []byte `zeek:"detail"`     // particulars; valid inside the call
}

// MIMEContentHash is raised when a mail message has ended, with the MD5 digest of
// its decoded data.
//
//wirelog:event mime_content_hash section=MIME
type MIMEContentHash struct {
	Conn       Conn   `zeek:"c"`
	ContentLen uint64 `zeek:"content_len"` // decoded bytes
	HashValue  []byte `zeek:"hash_value"`  // 16 bytes, valid inside the call
}
