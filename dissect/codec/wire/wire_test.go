package wire

import (
	"bytes"
	"testing"
)

func TestCursor(t *testing.T) {
	c := NewCursor([]byte{1, 1, 2, 1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 2, 1, 3, 2, 1, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 9, 9, 7})
	for i, n := range []struct{ got, want uint64 }{
		{uint64(c.U8("")), 1}, {uint64(c.U16("")), 0x102}, {uint64(c.U24("")), 0x10203}, {uint64(c.U32("")), 0x1020304}, {c.U64(""), 0x102030405060708},
		{uint64(c.LE16("")), 0x102}, {uint64(c.LE24("")), 0x10203}, {uint64(c.LE32("")), 0x1020304}, {c.LE64(""), 0x102030405060708},
	} {
		if n.got != n.want {
			t.Errorf("number %d: %#x, want %#x", i, n.got, n.want)
		}
	}
	part := c.Within(2, "")
	if !bytes.Equal(part.Rest(), []byte{9, 9}) || part.More() || c.Len() != 1 || !c.More() || !bytes.Equal(c.Peek(), []byte{7}) {
		t.Error("wrong part, or wrong rest after it")
	}
	c.Done(&part)
	if !c.OK() || c.Err() != nil {
		t.Error(c.Err())
	}
}

func TestCursorErrors(t *testing.T) {
	const prefix = "Binpac exception: binpac exception: "
	for name, tt := range map[string]struct {
		read func(c *Cursor)
		want string
	}{
		"number":        {func(c *Cursor) { c.U8("a"); c.LE32("b"); c.U8("c") }, "out_of_bound: b: 5 > 3"},
		"record":        {func(c *Cursor) { c.U8("a"); o := c.Record(); c.U8("b"); c.End(o); c.U16("c") }, "out_of_bound: c: 4 > 3"},
		"inner record":  {func(c *Cursor) { c.U8("a"); o := c.Record(); c.U8("b"); c.U16("c"); c.End(o) }, "out_of_bound: c: 3 > 2"},
		"head":          {func(c *Cursor) { c.U8("a"); copy(make([]byte, 3), c.Head(3, "b")) }, "out_of_bound: b: 4 > 3"},
		"array":         {func(c *Cursor) { c.U8("a"); c.Array(2, 2, "b") }, "out_of_bound: b: 2 > 2"},
		"negative":      {func(c *Cursor) { c.Take(-1, "a") }, "out_of_bound: a: -1 > 3"},
		"wrong":         {func(c *Cursor) { c.Fail(Wrong("string mismatch at a")); c.U8("b") }, "string mismatch at a"},
		"case":          {func(c *Cursor) { c.Fail(InvalidCase("a", 7)); c.Fail(Wrong("b")) }, "invalid index for case: a: 7"},
		"within":        {func(c *Cursor) { p := c.Within(4, "a"); p.U8("b"); c.Done(&p) }, "out_of_bound: a: 4 > 3"},
		"inside a part": {func(c *Cursor) { p := c.Within(1, "a"); p.U16("b"); c.Done(&p); c.U8("c") }, "out_of_bound: b: 2 > 1"},
	} {
		c := NewCursor([]byte{1, 2, 3})
		tt.read(&c)
		if c.OK() || c.Err().Error() != prefix+tt.want {
			t.Errorf("%s: %v, want %s", name, c.Err(), tt.want)
		}
		if c.U8("") != 0 || c.U16("") != 0 || c.U24("") != 0 || c.U64("") != 0 || c.LE16("") != 0 || c.LE24("") != 0 || c.LE64("") != 0 ||
			c.Take(0, "") != nil || c.More() || c.Rest() != nil {
			t.Errorf("%s: read something after the error", name)
		}
	}
}
