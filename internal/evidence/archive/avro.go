package archive

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/hamba/avro/v2"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// Event Hubs Capture writes Avro object container files: a header with the schema, then blocks of records, compressed or not.
// The Body of each record is a message, which holds records of the log as JSON. The records are decoded by a library; the
// blocks are cut here, because the library allocates whatever size a block claims.

var avroMagic = []byte("Obj\x01")

// Bounds of an Avro file, in bytes. Event Hubs Capture writes blocks of well below a megabyte.
const (
	avroBlockMax    = 64 << 20
	avroUnpackedMax = 256 << 20
	avroMetaMax     = 1 << 20
)

// avro calls f with the messages of an Avro file as text, one after another.
func (w *walker) avro(name string, in *bufio.Reader) error {
	return w.converted(name, "read Avro", func(out io.Writer) error {
		a, err := newAvroFile(in)
		if err != nil {
			return err
		}
		for {
			switch err := a.block(out); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}
		}
	})
}

// avroFile is an Avro object container file, behind its header.
type avroFile struct {
	in     *bufio.Reader
	schema avro.Schema
	codec  string
	sync   [16]byte
}

func newAvroFile(in *bufio.Reader) (*avroFile, error) {
	if _, err := in.Discard(len(avroMagic)); err != nil {
		return nil, err
	}
	a := &avroFile{in: in}
	meta, err := a.meta()
	if err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	if a.schema, err = avro.ParseBytes(meta["avro.schema"]); err != nil {
		return nil, fmt.Errorf("its schema: %w", err)
	}
	a.codec = string(meta["avro.codec"])
	if _, err := io.ReadFull(in, a.sync[:]); err != nil {
		return nil, err
	}
	return a, nil
}

// meta reads the map of the header, which comes in blocks too.
func (a *avroFile) meta() (map[string][]byte, error) {
	meta := map[string][]byte{}
	for {
		n, err := binary.ReadVarint(a.in)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return meta, nil
		}
		if n < 0 { // its size follows, which is of no use here
			if _, err := binary.ReadVarint(a.in); err != nil {
				return nil, err
			}
			n = -n
		}
		for ; n > 0 && len(meta) < 1000; n-- {
			key, err := a.bytes(avroMetaMax)
			if err != nil {
				return nil, err
			}
			if meta[string(key)], err = a.bytes(avroMetaMax); err != nil {
				return nil, err
			}
		}
	}
}

var errAvroSize = errors.New("it is damaged: a part claims an impossible size")

// bytes reads a length, and as many bytes.
func (a *avroFile) bytes(most int64) ([]byte, error) {
	n, err := binary.ReadVarint(a.in)
	if err != nil {
		return nil, err
	}
	if n < 0 || n > most {
		return nil, errAvroSize
	}
	var data bytes.Buffer // grows with what there is, not with what is claimed
	if _, err := io.CopyN(&data, a.in, n); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return data.Bytes(), nil
}

// block writes the records of the next block.
func (a *avroFile) block(out io.Writer) error {
	count, err := binary.ReadVarint(a.in)
	if err != nil {
		return err
	}
	packed, err := a.bytes(avroBlockMax)
	if err != nil {
		return err
	}
	data, err := a.unpacked(packed)
	if err != nil {
		return fmt.Errorf("unpack a block: %w", err)
	}
	d := avroLimits.NewDecoder(a.schema, bytes.NewReader(data))
	for ; count > 0; count-- {
		var record any
		if err := d.Decode(&record); err != nil {
			return fmt.Errorf("decode a record: %w", err)
		}
		if err := writeMessage(out, record); err != nil {
			return err
		}
	}
	var sync [16]byte
	if _, err := io.ReadFull(a.in, sync[:]); err != nil {
		return io.ErrUnexpectedEOF
	}
	if sync != a.sync {
		return errors.New("it is damaged: a block does not end where it says")
	}
	return nil
}

// avroLimits let a message be as large as the largest that Event Hubs takes.
var avroLimits = avro.Config{MaxByteSliceSize: 32 << 20, MaxSliceAllocSize: 32 << 20}.Freeze()

// unpacked undoes the compression of a block.
func (a *avroFile) unpacked(data []byte) ([]byte, error) {
	switch a.codec {
	case "", "null":
		return data, nil
	case "deflate":
		return readBounded(flate.NewReader(bytes.NewReader(data)))
	case "zstandard":
		z, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(avroUnpackedMax))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return readBounded(z)
	case "snappy":
		if n, err := snappy.DecodedLen(data); err != nil || n > avroUnpackedMax || len(data) < 4 {
			return nil, errAvroSize
		}
		return snappy.Decode(nil, data[:len(data)-4]) // a checksum stands behind
	}
	return nil, fmt.Errorf("its codec is %q: null, deflate, snappy and zstandard are read", a.codec)
}

func readBounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, avroUnpackedMax+1))
	if err == nil && len(data) > avroUnpackedMax {
		return nil, errBomb
	}
	return data, err
}

// writeMessage writes the Body of a record, or the record itself if it has none.
func writeMessage(out io.Writer, record any) error {
	fields, _ := record.(map[string]any)
	text, ok := fields["Body"].([]byte)
	if body, union := fields["Body"].(map[string]any); union {
		text, ok = body["bytes"].([]byte)
	}
	if !ok {
		for k, v := range fields {
			if b, isBytes := v.([]byte); isBytes {
				fields[k] = string(b)
			}
		}
		var err error
		if text, err = json.Marshal(record); err != nil {
			return fmt.Errorf("write a record as JSON: %w", err)
		}
	}
	_, err := out.Write(append(bytes.TrimSpace(text), '\n'))
	return err
}
