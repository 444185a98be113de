package text

import (
	"math"
	"math/bits"
	"strconv"
)

// AppendJSONDouble appends v as Zeek's JSON writer prints doubles, or null if v is not
// finite.
//
// The digits are those of Grisu2 (F. Loitsch, "Printing Floating-Point Numbers Quickly
// and Accurately with Integers", PLDI 2010), which Zeek's library uses. They always read
// back as v, but about one time in a thousand they are not the shortest or nearest
// digits that do, where strconv's would differ.
func AppendJSONDouble(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	if math.Signbit(v) {
		dst = append(dst, '-')
		v = -v
	}
	if v == 0 {
		return append(dst, "0.0"...)
	}
	var buf [20]byte
	digits, exp := grisu2(&buf, v)
	// point is the position of the decimal point among the digits.
	point := len(digits) + exp
	switch {
	case exp >= 0 && point <= 21:
		dst = append(dst, digits...)
		for range exp {
			dst = append(dst, '0')
		}
		return append(dst, '.', '0')
	case point > 0 && point <= 21:
		dst = append(dst, digits[:point]...)
		dst = append(dst, '.')
		return append(dst, digits[point:]...)
	case point > -6 && point <= 0:
		dst = append(dst, '0', '.')
		for range -point {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(dst, '.')
		dst = append(dst, digits[1:]...)
	}
	return strconv.AppendInt(append(dst, 'e'), int64(point-1), 10)
}

// A float is f * 2^e.
type float struct {
	f uint64
	e int
}

// times returns the product, rounded to 64 bits.
func (a float) times(b float) float {
	hi, lo := bits.Mul64(a.f, b.f)
	return float{hi + lo>>63, a.e + b.e + 64}
}

func (a float) normalized() float {
	s := bits.LeadingZeros64(a.f)
	return float{a.f << s, a.e - s}
}

const hiddenBit = 1 << 52

// grisu2 writes the digits of v > 0 to buf. It returns them and the decimal exponent of
// the last one.
func grisu2(buf *[20]byte, v float64) (digits []byte, exp int) {
	raw := math.Float64bits(v)
	w := float{raw & (hiddenBit - 1), int(raw >> 52)}
	if w.e != 0 {
		w.f |= hiddenBit
		w.e -= 1075
	} else {
		w.e = -1074
	}
	// upper and lower are halfway to the neighbours, at the same exponent.
	upper := float{w.f<<1 + 1, w.e - 1}.normalized()
	lower := float{w.f<<1 - 1, w.e - 1}
	if w.f == hiddenBit {
		lower = float{w.f<<2 - 1, w.e - 2}
	}
	lower = float{lower.f << (lower.e - upper.e), upper.e}

	power, exp := powerFor(upper.e)
	w = w.normalized().times(power)
	upper = upper.times(power)
	lower = lower.times(power)
	// Both bounds are off by up to one unit.
	upper.f--
	lower.f++

	// width is how much may be subtracted from upper, rest what is not yet printed of
	// it, and aim how far w is below it.
	width := upper.f - lower.f
	aim := upper.f - w.f
	shift := uint(-upper.e)
	whole := uint32(upper.f >> shift)
	frac := upper.f & (1<<shift - 1)

	n := 0
	for k := decimals(whole) - 1; k >= 0; k-- {
		unit := uint32(pow10[k])
		buf[n] = byte('0' + whole/unit)
		n++
		whole %= unit
		if rest := uint64(whole)<<shift + frac; rest <= width {
			nearer(buf[:n], width, rest, uint64(unit)<<shift, aim)
			return buf[:n], exp + k
		}
	}
	for k := 1; ; k++ {
		frac *= 10
		width *= 10
		buf[n] = byte('0' + frac>>shift)
		n++
		frac &= 1<<shift - 1
		if frac < width {
			var scale uint64
			if k < len(pow10) {
				scale = pow10[k]
			}
			nearer(buf[:n], width, frac, 1<<shift, aim*scale)
			return buf[:n], exp - k
		}
	}
}

// nearer decrements the last digit while that moves the number nearer to the one that is
// aim below the upper bound, and within the bounds.
func nearer(digits []byte, width, rest, unit, aim uint64) {
	for rest < aim && width-rest >= unit && (rest+unit < aim || aim-rest > rest+unit-aim) {
		digits[len(digits)-1]--
		rest += unit
	}
}

var pow10 = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// decimals returns the number of decimal digits of v > 0.
func decimals(v uint32) int {
	n := bits.Len32(v) * 1233 >> 12
	if uint64(v) >= pow10[n] {
		n++
	}
	return n
}

const (
	firstPower = -348
	powerStep  = 8
)

// powerFor returns a power of ten that brings a 64-bit number with binary exponent e to
// an exponent between -60 and -32, and the negated power.
func powerFor(e int) (float, int) {
	const log10of2 = 0.30102999566398114
	k := int(math.Ceil(float64(-61-e)*log10of2 + -firstPower - 1))
	i := k>>3 + 1
	p := firstPower + i*powerStep
	// The binary exponent of a normalized 10^p is floor(p * log2(10)) - 63.
	return float{powers[i], (p*217706)>>16 - 63}, -p
}
