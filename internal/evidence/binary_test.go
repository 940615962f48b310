package evidence

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2/ocf"
	"github.com/parquet-go/parquet-go"

	"causeway/internal/evidence/evidencetest"
)

// The first sheet of a workbook is read as it is stored, also inside an archive.
func TestWorkbooks(t *testing.T) {
	same(t, "log.xlsx", string(evidencetest.WorkbookOf(t, 0)))
	same(t, "log.xlsx", string(evidencetest.WorkbookOf(t, 3)))
	same(t, "log.zip", string(zipped(t, map[string][]byte{"log.xlsx": evidencetest.WorkbookOf(t, 0)})))
	b := open(t, evidencetest.Write(t, t.TempDir(), "cut.xlsx", string(evidencetest.WorkbookOf(t, 0)[:3000])))
	if requestsOf(t, b); len(b.Unread) == 0 {
		t.Error("half a workbook is read without a word")
	}
}

// Event Hubs Capture writes Avro, whatever its blocks are packed with.
func TestAvro(t *testing.T) {
	for _, codec := range []ocf.CodecName{ocf.Null, ocf.Deflate, ocf.Snappy, ocf.ZStandard} {
		same(t, "capture.avro", string(evidencetest.CaptureOf(t, codec)))
	}
	same(t, "capture.avro.gz", string(gzipped(t, evidencetest.CaptureOf(t, ocf.Null))))
}

// Avro that is cut off or damaged costs a message, whatever size it claims.
func TestDamagedAvro(t *testing.T) {
	whole := evidencetest.CaptureOf(t, ocf.Null)
	huge := append(bytes.Clone(whole[:bytes.Index(whole, []byte("ApplicationGateway"))-200]), 0x02, 0xfe, 0xff, 0xff, 0xff, 0xff,
		0xff, 0x0f)
	for _, data := range [][]byte{whole[:len(whole)-30], whole[:60], huge} {
		b := open(t, evidencetest.Write(t, t.TempDir(), "a.avro", string(data)))
		if requestsOf(t, b); len(b.Unread) == 0 {
			t.Errorf("%d bytes are read without a word", len(data))
		}
	}
}

// stored is a row of a table that was exported to Parquet.
type stored struct {
	TimeGenerated   time.Time `parquet:"TimeGenerated,timestamp(microsecond)"`
	ClientIp        string
	HttpMethod      string
	RequestUri      string
	HttpStatus      int32
	TimeTaken       float64
	TransactionId   string
	ServerRouted    *string
	BackendPoolName string
}

// Tables of a workspace that were exported to Parquet are read.
func TestParquet(t *testing.T) {
	var out bytes.Buffer
	w := parquet.NewGenericWriter[stored](&out)
	for _, row := range evidencetest.Warehouse.Rows {
		at, _ := time.Parse(time.RFC3339, row[0])
		status, _ := strconv.Atoi(row[4])
		taken, _ := strconv.ParseFloat(row[5], 64)
		if _, err := w.Write([]stored{{at, row[1], row[2], row[3], int32(status), taken, row[7], &row[8], row[10]}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, "table.parquet", out.String())
	same(t, "table.zip", string(zipped(t, map[string][]byte{"table.parquet": out.Bytes()})))
	for _, data := range []string{out.String()[:out.Len()-9], "PAR1" + strings.Repeat("\xff", 300) + "\xff\xff\xff\x7fPAR1"} {
		t.Run(fmt.Sprint(len(data), " bytes"), func(t *testing.T) {
			b := open(t, evidencetest.Write(t, t.TempDir(), "a.parquet", data))
			if requestsOf(t, b); len(b.Unread) == 0 {
				t.Errorf("%d damaged bytes are read without a word", len(data))
			}
		})
	}
}
