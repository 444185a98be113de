package arrow

import (
	"bytes"
	"testing"
	"unsafe"
)

func TestRecycler(t *testing.T) {
	r := newRecycler()
	a := r.Allocate(100)
	if len(a) != 100 || cap(a) != 128 || uintptr(unsafe.Pointer(&a[0]))%64 != 0 {
		t.Fatalf("%d bytes of %d", len(a), cap(a))
	}
	copy(a, bytes.Repeat([]byte{1}, 100))
	b := r.Reallocate(120, a)
	if &b[0] != &a[0] || b[99] != 1 || b[100] != 0 {
		t.Error("not the same buffer, or not as long")
	}
	b = r.Reallocate(1000, b)
	if len(b) != 1000 || !bytes.Equal(b[:100], bytes.Repeat([]byte{1}, 100)) || !bytes.Equal(b[100:], make([]byte, 900)) {
		t.Error("a longer buffer does not begin with what was there, and zeros")
	}
	if c := r.Allocate(65); &c[:1][0] != &a[0] || !bytes.Equal(c, make([]byte, 65)) {
		t.Error("a buffer that was freed is not used again, or not zero")
	}
	if d := r.Allocate(65); &d[0] == &a[0] {
		t.Error("a buffer is used twice")
	}
	r.Free(nil)
	if e := r.Allocate(0); len(e) != 0 {
		t.Error("not empty")
	}
}
