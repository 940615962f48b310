package archive

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

var parquetMagic = []byte("PAR1")

// parquet calls f with the rows of a Parquet file as objects of JSON, a line each. Columns are named by their path.
func (w *walker) parquet(name string, r io.Reader, in *bufio.Reader) error {
	file, done, err := fileOf(r, in)
	if err != nil {
		return err
	}
	defer done()
	return w.converted(name, "read Parquet", func(out io.Writer) error { return writeParquet(out, file) })
}

func writeParquet(out io.Writer, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	p, err := parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	columns := parquetColumns(p.Schema())
	for _, group := range p.RowGroups() {
		if err := writeRowGroup(out, group, columns); err != nil {
			return err
		}
	}
	return nil
}

// parquetColumn is a column, and how its values are written as text.
type parquetColumn struct {
	name string
	text func(parquet.Value) any
}

func parquetColumns(schema *parquet.Schema) (columns []parquetColumn) {
	for _, path := range schema.Columns() {
		leaf, _ := schema.Lookup(path...)
		columns = append(columns, parquetColumn{strings.Join(path, "."), valueOf(leaf.Node.Type())})
	}
	return columns
}

// valueOf is how values of a type are written. Times need nothing: how large a number is tells its unit.
func valueOf(t parquet.Type) func(parquet.Value) any {
	if logical := t.LogicalType(); logical != nil {
		if d, ok := logical.Value.(*format.DecimalType); ok {
			return decimalOf(t.Kind(), int(d.Scale))
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return func(v parquet.Value) any { return v.Boolean() }
	case parquet.Int32:
		return func(v parquet.Value) any { return v.Int32() }
	case parquet.Int64:
		return func(v parquet.Value) any { return v.Int64() }
	case parquet.Float:
		return func(v parquet.Value) any { return v.Float() }
	case parquet.Double:
		return func(v parquet.Value) any { return v.Double() }
	case parquet.Int96: // Spark's times: nanoseconds of a Julian day
		return func(v parquet.Value) any {
			x := v.Int96()
			const julianEpoch = 2440588
			return time.Unix((int64(x[2])-julianEpoch)*86_400, int64(x[0])|int64(x[1])<<32).UTC().Format(time.RFC3339Nano)
		}
	}
	return func(v parquet.Value) any { return string(v.ByteArray()) }
}

// decimalOf writes whole numbers that stand for decimals with so many digits behind the point.
func decimalOf(kind parquet.Kind, scale int) func(parquet.Value) any {
	return func(v parquet.Value) any {
		switch kind {
		case parquet.Int32:
			return float64(v.Int32()) / math.Pow10(scale)
		case parquet.Int64:
			return float64(v.Int64()) / math.Pow10(scale)
		}
		return "a decimal of many bytes" // which is no number, and is counted as one that cannot be read
	}
}

// writeRowGroup writes the rows of one part of a file. Of a column that repeats in a row, the first value is taken.
func writeRowGroup(out io.Writer, group parquet.RowGroup, columns []parquetColumn) error {
	rows := group.Rows()
	defer rows.Close()
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	buffer := make([]parquet.Row, 64)
	for {
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			object := map[string]any{}
			for _, v := range row {
				if c := v.Column(); c >= 0 && c < len(columns) && !v.IsNull() && v.RepetitionLevel() == 0 {
					object[columns[c].name] = columns[c].text(v)
				}
			}
			if err := enc.Encode(object); err != nil {
				return fmt.Errorf("write a row as JSON: %w", err)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
