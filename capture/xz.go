package capture

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// xzReader reads the xz container (https://tukaani.org/xz/xz-file-format.txt):
// streams of blocks of LZMA2. The library's reader is not used because it
// allocates any dictionary that a block requires, up to 4 GB.
type xzReader struct {
	in    *xzInput
	sum   hash.Hash // of the present block; nil if the stream has no checks
	check int       // length of a check in bytes
	block io.Reader // nil between blocks
	start int64     // offset from which padding of the present block counts
	err   error
}

// xzInput counts the bytes read.
type xzInput struct {
	r *bufio.Reader
	n int64
}

func (x *xzInput) Read(p []byte) (int, error) {
	n, err := x.r.Read(p)
	x.n += int64(n)
	return n, err
}

func (x *xzInput) ReadByte() (byte, error) {
	c, err := x.r.ReadByte()
	if err == nil {
		x.n++
	}
	return c, err
}

// take reads n bytes into a new slice.
func (x *xzInput) take(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(x, b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

var (
	errXZ    = errors.New("malformed xz")
	errXZSum = errors.New("xz checksum does not match")
	crc64ECM = crc64.MakeTable(crc64.ECMA)
)

const xzMagic = "\xfd7zXZ\x00"

func openXZ(r *bufio.Reader) (io.Reader, error) {
	x := &xzReader{in: &xzInput{r: r}}
	return x, x.streamHeader()
}

func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.next()
			continue
		}
		n, err := x.block.Read(p)
		if x.sum != nil {
			x.sum.Write(p[:n])
		}
		if err == io.EOF {
			err = x.endBlock()
		}
		x.err = err
		if n > 0 {
			return n, nil
		}
	}
	return 0, x.err
}

func (x *xzReader) streamHeader() error {
	h, err := x.in.take(12)
	switch {
	case err != nil:
		return err
	case string(h[:6]) != xzMagic || h[6] != 0:
		return errXZ
	case crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]):
		return errXZSum
	}
	switch h[7] {
	case 0:
		x.sum, x.check = nil, 0
	case 1:
		x.sum, x.check = crc32.NewIEEE(), 4
	case 4:
		x.sum, x.check = crc64.New(crc64ECM), 8
	case 10:
		x.sum, x.check = sha256.New(), 32
	default:
		return fmt.Errorf("xz check %d is not known", h[7])
	}
	return nil
}

// next opens the next block, if need be of the next stream. It returns io.EOF at
// the end of the last stream.
func (x *xzReader) next() error {
	x.start = x.in.n
	size, err := x.in.take(1)
	if err != nil {
		return err
	}
	if size[0] == 0 {
		if err := x.index(); err != nil {
			return err
		}
		return x.nextStream()
	}
	rest, err := x.in.take(4*int(size[0]) + 3)
	if err != nil {
		return err
	}
	h := append(size, rest...)
	sum := len(h) - 4
	if crc32.ChecksumIEEE(h[:sum]) != binary.LittleEndian.Uint32(h[sum:]) {
		return errXZSum
	}
	b := bytes.NewReader(h[2:sum])
	if h[1]&0x3f != 0 {
		return errors.New("xz filters other than LZMA2 are not supported")
	}
	// Skip the optional sizes of the block, compressed and not.
	for _, flag := range []byte{0x40, 0x80} {
		if h[1]&flag != 0 {
			if _, err := binary.ReadUvarint(b); err != nil {
				return errXZ
			}
		}
	}
	var filter [3]byte
	if _, err := io.ReadFull(b, filter[:]); err != nil || filter[1] != 1 || filter[2] > 40 {
		return errXZ
	}
	if filter[0] != 0x21 {
		return errors.New("xz filters other than LZMA2 are not supported")
	}
	dict := uint64(2|filter[2]&1) << (filter[2]/2 + 11)
	if dict > maxWindow {
		return fmt.Errorf("the xz dictionary is over %d MB", maxWindow>>20)
	}
	if x.sum != nil {
		x.sum.Reset()
	}
	x.start = x.in.n
	x.block, err = lzma.Reader2Config{DictCap: int(dict)}.NewReader2(x.in)
	return err
}

func (x *xzReader) endBlock() error {
	x.block = nil
	if err := x.pad(); err != nil {
		return err
	}
	want, err := x.in.take(x.check)
	if err == nil && x.sum != nil {
		got := x.sum.Sum(nil)
		if x.check < 32 { // CRCs are little-endian, hash sums are not
			for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
				got[i], got[j] = got[j], got[i]
			}
		}
		if !bytes.Equal(got, want) {
			err = errXZSum
		}
	}
	return err
}

// pad reads zeros up to a multiple of four bytes from start.
func (x *xzReader) pad() error {
	for (x.in.n-x.start)%4 != 0 {
		if c, err := x.in.take(1); err != nil {
			return err
		} else if c[0] != 0 {
			return errXZ
		}
	}
	return nil
}

// index skips the rest of the index and the footer of the stream.
func (x *xzReader) index() error {
	records, err := binary.ReadUvarint(x.in)
	for ; err == nil && records > 0; records-- {
		if _, err = binary.ReadUvarint(x.in); err == nil {
			_, err = binary.ReadUvarint(x.in)
		}
	}
	switch {
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	}
	if err := x.pad(); err != nil {
		return err
	}
	end, err := x.in.take(16)
	if err == nil && string(end[14:]) != "YZ" {
		err = errXZ
	}
	return err
}

// nextStream skips padding and reads the header of the next stream.
func (x *xzReader) nextStream() error {
	for {
		b, err := x.in.r.Peek(4)
		switch {
		case len(b) == 0 && err == io.EOF:
			return io.EOF
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case !bytes.Equal(b, []byte{0, 0, 0, 0}):
			return x.streamHeader()
		}
		if _, err := x.in.take(4); err != nil {
			return err
		}
	}
}
