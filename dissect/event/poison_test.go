//go:build poison

package event

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/wirelog/wirelog/value"
)

// TestPoison sees that a listener's copy is overwritten after the call and that
// the analyzer's own event is not.
func TestPoison(t *testing.T) {
	var h Hooks
	var kept *TCPOptions
	var data []byte
	var sack []uint64
	h.TCP.Options.Listen(func(e *TCPOptions) {
		kept, data, sack = e, e.Options[0].Data.V, e.Options[0].SACK.V
		if string(data) != "abc" || sack[1] != 2 || !e.IsOrig {
			t.Errorf("the listener sees %+v", e)
		}
	})
	e := TCPOptions{IsOrig: true, Options: []TCPOptionValue{{Data: value.Some([]byte("abc")), SACK: value.Some([]uint64{1, 2})}}}
	h.TCP.Options.Raise(&e)
	if !bytes.Equal(data, []byte{poisonByte, poisonByte, poisonByte}) || sack[1] != 0 || kept.IsOrig || kept.Options != nil {
		t.Errorf("kept by the listener: %q %v %+v", data, sack, kept)
	}
	if o := e.Options[0]; string(o.Data.V) != "abc" || o.SACK.V[1] != 2 || !e.IsOrig {
		t.Errorf("the analyzer's event has become %+v", e)
	}
}

// TestPoisonReachesEverySlice fills every event and sees that no slice of the
// listener's copy is one of the analyzer's.
func TestPoisonReachesEverySlice(t *testing.T) {
	var h Hooks
	hooksOf(&h, func(section, name string, hook reflect.Value) {
		raise := hook.MethodByName("Raise")
		e := reflect.New(raise.Type().In(0).Elem())
		fill(e.Elem(), []byte("abc"))
		own := map[uintptr]bool{}
		slicesOf(e.Elem(), func(s reflect.Value) { own[s.Pointer()] = true })
		called := false
		hook.MethodByName("Listen").Call([]reflect.Value{reflect.MakeFunc(
			raise.Type(), func(args []reflect.Value) []reflect.Value {
				called = true
				slicesOf(args[0].Elem(), func(s reflect.Value) {
					if own[s.Pointer()] {
						t.Errorf("%s.%s: a %s is shared with the analyzer", section, name, s.Type())
					}
				})
				return nil
			})})
		raise.Call([]reflect.Value{e})
		if !called {
			t.Errorf("%s.%s: the listener was not called", section, name)
		}
	})
}

func slicesOf(v reflect.Value, fn func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Slice:
		fn(v)
		for i := range v.Len() {
			slicesOf(v.Index(i), fn)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			slicesOf(v.Field(i), fn)
		}
	}
}
