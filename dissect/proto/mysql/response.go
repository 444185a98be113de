package mysql

import "github.com/wirelog/wirelog/dissect/event"

// expectation is the kind of the server's next packet, which the packet itself does not
// tell.
type expectation uint8

const (
	expectNothing     expectation = iota
	expectStatus                  // OK, EOF or ERR
	expectColumnCount             // of a result set, or OK or ERR
	expectColumn                  // Protocol::ColumnDefinition41
	expectColumnOrEOF             // the same, in the answer to COM_FIELD_LIST
	expectEOFThenRows             // EOF after the columns, which newer servers leave out
	expectRow                     // ProtocolText::ResultsetRow, or EOF or OK
	expectText                    // a line
)

// server parses a packet from the server. n is its length in bytes with the header; initial
// is set for the first one of an exchange.
func (a *analyzer) server(c *cursor, n int, initial bool) {
	switch {
	case a.commands:
		a.response(c, n)
	case initial:
		a.greeting(c)
	default:
		a.loginAnswer(c)
	}
}

func (a *analyzer) response(c *cursor, n int) {
	switch a.expected {
	case expectStatus:
		switch c.U8("Command_Response_Status:pkt_type") {
		case packetOK:
			if c.OK() {
				a.okPacket(c)
			}
		case packetEOF:
			a.eofPacket(c, false)
		case packetErr:
			a.errPacket(c)
		}
	case expectColumnCount:
		a.columnCount(c)
	case expectColumn:
		columnDefinition(c, c.U8("ColumnDefinition:dummy"))
		if !c.OK() {
			return
		}
		if a.columnsLeft--; a.columnsLeft == 0 {
			a.expected = expectEOFThenRows
		}
	case expectColumnOrEOF:
		if first := c.U8("ColumnDefinitionOrEOF:marker"); first == packetEOF {
			a.end(c, n)
		} else {
			columnDefinition(c, first)
		}
	case expectEOFThenRows:
		if a.capabilities&clientDeprecateEOF != 0 {
			a.resultRow(c, n)
			return
		}
		if c.Len() < 1+4 {
			c.Take(1+4, "EOF_Packet_With_Marker")
		}
		c.U8("EOF_Packet_With_Marker")
		if a.eofPacket(c, true); c.OK() {
			a.expected = expectRow
		}
	case expectRow:
		a.resultRow(c, n)
	case expectNothing, expectText:
	}
}

// maxColumns is the number of values of a row that are reported. A MySQL table has at most
// 4096 columns.
const maxColumns = 1 << 16

func (a *analyzer) columnCount(c *cursor) {
	switch first := c.U8("ColumnCountMeta:byte"); first {
	case packetOK:
		if c.OK() {
			a.okPacket(c)
		}
	case packetErr:
		a.errPacket(c)
	default:
		n := c.integerAfter(first)
		if !c.OK() {
			return
		}
		a.columns, a.columnsLeft = int32(n), uint32(n)
		a.expected = expectColumn
	}
}

// columnDefinition skips Protocol::ColumnDefinition41.
func columnDefinition(c *cursor, first uint8) {
	c.Record()
	c.textAfter(first) // catalog
	for range 5 {      // schema, table, original table, name, original name
		c.text()
	}
	c.integer()
	c.Take(2+4+1+2+1+2, "ColumnDefinition41:filler")
}

func (a *analyzer) resultRow(c *cursor, n int) {
	first := c.U8("Resultset:marker")
	if first == packetEOF {
		if a.end(c, n); c.OK() {
			a.expected = expectNothing
		}
		return
	}
	row := append(a.f.row[:0], c.textAfter(first))
	c.elements(int(a.columns)-1, "ResultsetRow:fields")
	for i := int32(1); i < a.columns && c.OK(); i++ {
		if field := c.text(); len(row) < maxColumns {
			row = append(row, field)
		}
	}
	a.f.row = row
	if !c.OK() {
		return
	}
	a.expected = expectRow
	if e := a.f.hooks.ResultRow.Begin(); e != nil {
		*e = event.MySQLResultRow{Conn: a.Conn(), Row: row}
		a.f.hooks.ResultRow.Raise(e)
	}
}

// end parses the end of a list: EOF, or OK from newer servers; the length tells which.
func (a *analyzer) end(c *cursor, n int) {
	const longestEOF = 13
	if a.capabilities&clientDeprecateEOF != 0 || n > longestEOF {
		a.okPacket(c)
	} else {
		a.eofPacket(c, false)
	}
}

// okPacket parses OK_Packet after its first byte.
func (a *analyzer) okPacket(c *cursor) {
	rows := c.integer()
	if !c.OK() {
		return
	}
	a.commands, a.authData = true, false
	if e := a.f.hooks.OK.Begin(); e != nil {
		*e = event.MySQLOK{Conn: a.Conn(), AffectedRows: uint64(uint32(rows))}
		a.f.hooks.OK.Raise(e)
	}
}

// eofPacket parses EOF_Packet after its first byte.
func (a *analyzer) eofPacket(c *cursor, intermediate bool) {
	c.part(2+2, "EOF_Packet")
	if !c.OK() {
		return
	}
	if e := a.f.hooks.EOF.Begin(); e != nil {
		*e = event.MySQLEOF{Conn: a.Conn(), IsIntermediate: intermediate}
		a.f.hooks.EOF.Raise(e)
	}
}

// errPacket parses ERR_Packet after its first byte.
func (a *analyzer) errPacket(c *cursor) {
	c.Record()
	code := c.LE16("ERR_Packet:code")
	c.Take(6, "ERR_Packet:state")
	if !c.OK() {
		return
	}
	a.commands, a.authData = true, false
	if e := a.f.hooks.Error.Begin(); e != nil {
		*e = event.MySQLError{Conn: a.Conn(), Code: uint64(code), Msg: c.Rest()}
		a.f.hooks.Error.Raise(e)
	}
}
