package arrow

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// messages reads the messages of a stream. It is an ipc.MessageReader that, unlike the
// library's, verifies the lengths in a message before anything is allocated.
type messages struct{ in io.Reader }

// maxMeta is the largest size of a message's metadata.
const maxMeta = 16 << 20

// Message returns the next message, or io.EOF at the end of the stream.
func (m *messages) Message() (*ipc.Message, error) {
	var head [8]byte
	switch n, err := io.ReadFull(m.in, head[:]); {
	case n == 0 && err == io.EOF:
		return nil, io.EOF // a stream may end without a mark
	case err != nil:
		return nil, err
	case !bytes.Equal(head[:4], streamMagic):
		return nil, errOld
	}
	size := binary.LittleEndian.Uint32(head[4:])
	if size == 0 {
		return nil, io.EOF
	}
	if size > maxMeta {
		return nil, fmt.Errorf("%w: a message with %d bytes of description", errDamaged, size)
	}
	meta := make([]byte, size)
	if _, err := io.ReadFull(m.in, meta); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	n := (&verifier{b: meta}).message()
	if n < 0 || n > maxAlloc {
		return nil, fmt.Errorf("%w: a message of %d bytes", errDamaged, n)
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, m.in, n); err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	return ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(body.Bytes())), nil
}

// Retain does nothing, because there is nothing to release.
func (m *messages) Retain() {}

// Release does nothing.
func (m *messages) Release() {}

// A verifier walks through a message's metadata, a FlatBuffer (Message.fbs and
// Schema.fbs of the Arrow format). It panics, as a slice does, if a part is out of
// bounds.
type verifier struct {
	b      []byte
	fields int // fields seen so far; a bound is needed because many paths may lead to one
}

// Types of messages.
const (
	schemaMessage = iota + 1
	dictionaryMessage
	recordMessage
)

const maxFields, maxDepth = 1 << 16, 64

func (v *verifier) u16(at int) int { return int(binary.LittleEndian.Uint16(v.b[at:])) }
func (v *verifier) u32(at int) int { return int(binary.LittleEndian.Uint32(v.b[at:])) }

// field returns the position of field i of a table, or 0 if it is absent.
func (v *verifier) field(table, i int) int {
	vtable := table - int(int32(v.u32(table)))
	if 4+2*i >= v.u16(vtable) {
		return 0
	}
	if offset := v.u16(vtable + 4 + 2*i); offset != 0 {
		return table + offset
	}
	return 0
}

// table returns the table in field i.
func (v *verifier) table(table, i int) int {
	at := v.field(table, i)
	return at + v.u32(at)
}

// vector returns the position and length of the vector in field i, whose elements have
// that size.
func (v *verifier) vector(table, i, size int) (at, n int) {
	at = v.field(table, i)
	if at == 0 {
		return 0, 0
	}
	at += v.u32(at)
	n = v.u32(at)
	at += 4
	_ = v.b[at : at+n*size]
	return at, n
}

// message verifies a message and returns the size of its body.
func (v *verifier) message() (body int64) {
	root := v.u32(0)
	header := v.table(root, 2)
	switch v.b[v.field(root, 1)] {
	case schemaMessage:
		v.schemaFields(header, 1, 0)
		v.pairs(header, 2)
	case dictionaryMessage:
		v.batch(v.table(header, 1))
	case recordMessage:
		v.batch(header)
	}
	v.pairs(root, 4)
	if at := v.field(root, 3); at != 0 {
		body = int64(binary.LittleEndian.Uint64(v.b[at:]))
	}
	return body
}

// schemaFields verifies the fields that field i of a schema or field holds.
func (v *verifier) schemaFields(table, i, depth int) {
	at, n := v.vector(table, i, 4)
	if v.fields += n; v.fields > maxFields || depth > maxDepth {
		panic(errDamaged)
	}
	for ; n > 0; n-- {
		field := at + v.u32(at)
		v.schemaFields(field, 5, depth+1)
		v.pairs(field, 6)
		at += 4
	}
}

// pairs verifies the metadata in field i.
func (v *verifier) pairs(table, i int) {
	at, n := v.vector(table, i, 4)
	for ; n > 0; n-- {
		pair := at + v.u32(at)
		v.vector(pair, 0, 1)
		v.vector(pair, 1, 1)
		at += 4
	}
}

// batch verifies the positions of a batch's values.
func (v *verifier) batch(table int) {
	const node, buffer = 16, 16
	v.vector(table, 1, node)
	v.vector(table, 2, buffer)
}
