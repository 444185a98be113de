package dnp3

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/event"
)

// Numbers are in little-endian order. Those with a sign are extended to 64 bits.

func u16(b []byte) uint64 { return uint64(binary.LittleEndian.Uint16(b)) }
func u32(b []byte) uint64 { return uint64(binary.LittleEndian.Uint32(b)) }
func i16(b []byte) uint64 { return uint64(int16(binary.LittleEndian.Uint16(b))) }
func i32(b []byte) uint64 { return uint64(int32(binary.LittleEndian.Uint32(b))) }

// u48 reads a DNP3 time: milliseconds since 1970.
func u48(b []byte) uint64 { return u32(b) | u16(b[4:])<<32 }

// The functions below raise the events of counters and analog inputs; b has the object.

func (d *decoder) raiseCounter32wFlag(b []byte) {
	if e := d.hooks.Counter32wFlag.Begin(); e != nil {
		*e = event.DNP3Counter32wFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), CountValue: u32(b[1:])}
		d.hooks.Counter32wFlag.Raise(e)
	}
}

func (d *decoder) raiseCounter16wFlag(b []byte) {
	if e := d.hooks.Counter16wFlag.Begin(); e != nil {
		*e = event.DNP3Counter16wFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), CountValue: u16(b[1:])}
		d.hooks.Counter16wFlag.Raise(e)
	}
}

func (d *decoder) raiseCounter32woFlag(b []byte) {
	if e := d.hooks.Counter32woFlag.Begin(); e != nil {
		*e = event.DNP3Counter32woFlag{Conn: d.c, IsOrig: d.isOrig, CountValue: u32(b)}
		d.hooks.Counter32woFlag.Raise(e)
	}
}

func (d *decoder) raiseCounter16woFlag(b []byte) {
	if e := d.hooks.Counter16woFlag.Begin(); e != nil {
		*e = event.DNP3Counter16woFlag{Conn: d.c, IsOrig: d.isOrig, CountValue: u16(b)}
		d.hooks.Counter16woFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenCounter32wFlag(b []byte) {
	if e := d.hooks.FrozenCounter32wFlag.Begin(); e != nil {
		*e = event.DNP3FrozenCounter32wFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), CountValue: u32(b[1:])}
		d.hooks.FrozenCounter32wFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenCounter16wFlag(b []byte) {
	if e := d.hooks.FrozenCounter16wFlag.Begin(); e != nil {
		*e = event.DNP3FrozenCounter16wFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), CountValue: u16(b[1:])}
		d.hooks.FrozenCounter16wFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenCounter32wFlagTime(b []byte) {
	if e := d.hooks.FrozenCounter32wFlagTime.Begin(); e != nil {
		*e = event.DNP3FrozenCounter32wFlagTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), CountValue: u32(b[1:]), Time48: u48(b[5:])}
		d.hooks.FrozenCounter32wFlagTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenCounter16wFlagTime(b []byte) {
	if e := d.hooks.FrozenCounter16wFlagTime.Begin(); e != nil {
		*e = event.DNP3FrozenCounter16wFlagTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), CountValue: u16(b[1:]), Time48: u48(b[3:])}
		d.hooks.FrozenCounter16wFlagTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenCounter32woFlag(b []byte) {
	if e := d.hooks.FrozenCounter32woFlag.Begin(); e != nil {
		*e = event.DNP3FrozenCounter32woFlag{Conn: d.c, IsOrig: d.isOrig, CountValue: u32(b)}
		d.hooks.FrozenCounter32woFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenCounter16woFlag(b []byte) {
	if e := d.hooks.FrozenCounter16woFlag.Begin(); e != nil {
		*e = event.DNP3FrozenCounter16woFlag{Conn: d.c, IsOrig: d.isOrig, CountValue: u16(b)}
		d.hooks.FrozenCounter16woFlag.Raise(e)
	}
}

func (d *decoder) raiseAnalogInput32wFlag(b []byte) {
	if e := d.hooks.AnalogInput32wFlag.Begin(); e != nil {
		*e = event.DNP3AnalogInput32wFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), Value: i32(b[1:])}
		d.hooks.AnalogInput32wFlag.Raise(e)
	}
}

func (d *decoder) raiseAnalogInput16wFlag(b []byte) {
	if e := d.hooks.AnalogInput16wFlag.Begin(); e != nil {
		*e = event.DNP3AnalogInput16wFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), Value: i16(b[1:])}
		d.hooks.AnalogInput16wFlag.Raise(e)
	}
}

func (d *decoder) raiseAnalogInput32woFlag(b []byte) {
	if e := d.hooks.AnalogInput32woFlag.Begin(); e != nil {
		*e = event.DNP3AnalogInput32woFlag{Conn: d.c, IsOrig: d.isOrig, Value: i32(b)}
		d.hooks.AnalogInput32woFlag.Raise(e)
	}
}

func (d *decoder) raiseAnalogInput16woFlag(b []byte) {
	if e := d.hooks.AnalogInput16woFlag.Begin(); e != nil {
		*e = event.DNP3AnalogInput16woFlag{Conn: d.c, IsOrig: d.isOrig, Value: i16(b)}
		d.hooks.AnalogInput16woFlag.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputSPwFlag(b []byte) {
	if e := d.hooks.AnalogInputSPwFlag.Begin(); e != nil {
		*e = event.DNP3AnalogInputSPwFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), Value: u32(b[1:])}
		d.hooks.AnalogInputSPwFlag.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputDPwFlag(b []byte) {
	if e := d.hooks.AnalogInputDPwFlag.Begin(); e != nil {
		*e = event.DNP3AnalogInputDPwFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), ValueLow: u32(b[1:]), ValueHigh: u32(b[5:])}
		d.hooks.AnalogInputDPwFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInput32wFlag(b []byte) {
	if e := d.hooks.FrozenAnalogInput32wFlag.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInput32wFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: i32(b[1:])}
		d.hooks.FrozenAnalogInput32wFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInput16wFlag(b []byte) {
	if e := d.hooks.FrozenAnalogInput16wFlag.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInput16wFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: i16(b[1:])}
		d.hooks.FrozenAnalogInput16wFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInput32wTime(b []byte) {
	if e := d.hooks.FrozenAnalogInput32wTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInput32wTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: i32(b[1:]), Time48: u48(b[5:])}
		d.hooks.FrozenAnalogInput32wTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInput16wTime(b []byte) {
	if e := d.hooks.FrozenAnalogInput16wTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInput16wTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: i16(b[1:]), Time48: u48(b[3:])}
		d.hooks.FrozenAnalogInput16wTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInput32woFlag(b []byte) {
	if e := d.hooks.FrozenAnalogInput32woFlag.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInput32woFlag{Conn: d.c, IsOrig: d.isOrig, FrozenValue: i32(b)}
		d.hooks.FrozenAnalogInput32woFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInput16woFlag(b []byte) {
	if e := d.hooks.FrozenAnalogInput16woFlag.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInput16woFlag{Conn: d.c, IsOrig: d.isOrig, FrozenValue: u16(b)}
		d.hooks.FrozenAnalogInput16woFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputSPwFlag(b []byte) {
	if e := d.hooks.FrozenAnalogInputSPwFlag.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputSPwFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: u32(b[1:])}
		d.hooks.FrozenAnalogInputSPwFlag.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputDPwFlag(b []byte) {
	if e := d.hooks.FrozenAnalogInputDPwFlag.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputDPwFlag{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValueLow: u32(b[1:]), FrozenValueHigh: u32(b[5:])}
		d.hooks.FrozenAnalogInputDPwFlag.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputEvent32woTime(b []byte) {
	if e := d.hooks.AnalogInputEvent32woTime.Begin(); e != nil {
		*e = event.DNP3AnalogInputEvent32woTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), Value: i32(b[1:])}
		d.hooks.AnalogInputEvent32woTime.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputEvent16woTime(b []byte) {
	if e := d.hooks.AnalogInputEvent16woTime.Begin(); e != nil {
		*e = event.DNP3AnalogInputEvent16woTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), Value: i16(b[1:])}
		d.hooks.AnalogInputEvent16woTime.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputEvent32wTime(b []byte) {
	if e := d.hooks.AnalogInputEvent32wTime.Begin(); e != nil {
		*e = event.DNP3AnalogInputEvent32wTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), Value: i32(b[1:]), Time48: u48(b[5:])}
		d.hooks.AnalogInputEvent32wTime.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputEvent16wTime(b []byte) {
	if e := d.hooks.AnalogInputEvent16wTime.Begin(); e != nil {
		*e = event.DNP3AnalogInputEvent16wTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), Value: i16(b[1:]), Time48: u48(b[3:])}
		d.hooks.AnalogInputEvent16wTime.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputEventSPwoTime(b []byte) {
	if e := d.hooks.AnalogInputEventSPwoTime.Begin(); e != nil {
		*e = event.DNP3AnalogInputEventSPwoTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), Value: u32(b[1:])}
		d.hooks.AnalogInputEventSPwoTime.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputEventDPwoTime(b []byte) {
	if e := d.hooks.AnalogInputEventDPwoTime.Begin(); e != nil {
		*e = event.DNP3AnalogInputEventDPwoTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), ValueLow: u32(b[1:]), ValueHigh: u32(b[5:])}
		d.hooks.AnalogInputEventDPwoTime.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputEventSPwTime(b []byte) {
	if e := d.hooks.AnalogInputEventSPwTime.Begin(); e != nil {
		*e = event.DNP3AnalogInputEventSPwTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), Value: u32(b[1:]), Time48: u48(b[5:])}
		d.hooks.AnalogInputEventSPwTime.Raise(e)
	}
}

func (d *decoder) raiseAnalogInputEventDPwTime(b []byte) {
	if e := d.hooks.AnalogInputEventDPwTime.Begin(); e != nil {
		*e = event.DNP3AnalogInputEventDPwTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), ValueLow: u32(b[1:]), ValueHigh: u32(b[5:]), Time48: u48(b[9:])}
		d.hooks.AnalogInputEventDPwTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputEvent32woTime(b []byte) {
	if e := d.hooks.FrozenAnalogInputEvent32woTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputEvent32woTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: i32(b[1:])}
		d.hooks.FrozenAnalogInputEvent32woTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputEvent16woTime(b []byte) {
	if e := d.hooks.FrozenAnalogInputEvent16woTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputEvent16woTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: i16(b[1:])}
		d.hooks.FrozenAnalogInputEvent16woTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputEvent32wTime(b []byte) {
	if e := d.hooks.FrozenAnalogInputEvent32wTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputEvent32wTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: i32(b[1:]), Time48: u48(b[5:])}
		d.hooks.FrozenAnalogInputEvent32wTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputEvent16wTime(b []byte) {
	t := b[3:]
	if len(b) > 1+2+timeLen { // as Zeek reads it
		t = b[5:]
	}
	if e := d.hooks.FrozenAnalogInputEvent16wTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputEvent16wTime{
			Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: i16(b[1:]), Time48: u48(t),
		}
		d.hooks.FrozenAnalogInputEvent16wTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputEventSPwoTime(b []byte) {
	if e := d.hooks.FrozenAnalogInputEventSPwoTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputEventSPwoTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: u32(b[1:])}
		d.hooks.FrozenAnalogInputEventSPwoTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputEventDPwoTime(b []byte) {
	if e := d.hooks.FrozenAnalogInputEventDPwoTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputEventDPwoTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValueLow: u32(b[1:]), FrozenValueHigh: u32(b[5:])}
		d.hooks.FrozenAnalogInputEventDPwoTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputEventSPwTime(b []byte) {
	if e := d.hooks.FrozenAnalogInputEventSPwTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputEventSPwTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValue: u32(b[1:]), Time48: u48(b[5:])}
		d.hooks.FrozenAnalogInputEventSPwTime.Raise(e)
	}
}

func (d *decoder) raiseFrozenAnalogInputEventDPwTime(b []byte) {
	if e := d.hooks.FrozenAnalogInputEventDPwTime.Begin(); e != nil {
		*e = event.DNP3FrozenAnalogInputEventDPwTime{Conn: d.c, IsOrig: d.isOrig, Flag: uint64(b[0]), FrozenValueLow: u32(b[1:]), FrozenValueHigh: u32(b[5:]), Time48: u48(b[9:])}
		d.hooks.FrozenAnalogInputEventDPwTime.Raise(e)
	}
}
