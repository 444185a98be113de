//go:build poison

package event

// poison is described in poison_off.go.
const poison = true

// poisonByte overwrites the bytes of a raised event after the call.
const poisonByte = 0xdb

// detached remembers the copies that were made of an event's slices.
type detached struct {
	data  [][]byte
	clear []func()
}

func (d *detached) bytes(b []byte) []byte {
	if b == nil {
		return nil
	}
	c := append(make([]byte, 0, len(b)), b...)
	d.data = append(d.data, c)
	return c
}

func detachSlice[S ~[]T, T any](d *detached, s S) S {
	if s == nil {
		return nil
	}
	c := append(make(S, 0, len(s)), s...)
	d.clear = append(d.clear, func() { clear(c) })
	return c
}

// raisePoisoned calls every listener with a copy of e that is overwritten after
// the last of them.
func raisePoisoned[E any](fns []func(*E), e *E) {
	var d detached
	c := new(E)
	*c = *e
	if x, ok := any(c).(interface{ detach(*detached) }); ok {
		x.detach(&d)
	}
	for _, fn := range fns {
		fn(c)
	}
	for _, b := range d.data {
		for i := range b {
			b[i] = poisonByte
		}
	}
	for _, fn := range d.clear {
		fn()
	}
	var zero E
	*c = zero
}
