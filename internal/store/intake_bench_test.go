package store

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"testing"
	"time"

	"beian/internal/intake"
	"beian/internal/testenv"
)

// filings writes n accounts, then a subject each, then two websites each,
// as they are read.
type filings struct {
	n, i int
	left []byte
}

func (f *filings) Read(p []byte) (int, error) {
	for len(f.left) == 0 {
		if f.i == 4*f.n {
			return 0, io.EOF
		}
		f.left = append(f.line(f.i), '\n')
		f.i++
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

func (f *filings) line(i int) []byte {
	id := strconv.Itoa(i % f.n)
	phone := fmt.Sprintf("138%08d", i%f.n)
	switch i / f.n {
	case 0:
		return []byte(`{"type":"account","external_id":"A` + id + `","as_of":"2026-01-01T00:00:00Z","site":"china","status":"active","login_email":"a` + id +
			`@example.com","security_phone":"` + phone + `","real_name":"王小明","real_certificate":{"type":"id_card","number":"` + citizen(i%f.n) + `"}}`)
	case 1:
		return []byte(`{"type":"subject","external_id":"S` + id + `","as_of":"2026-01-01T00:00:00Z","account":"A` + id +
			`","nature":"individual","name":"王小明","certificate":{"type":"id_card","number":"` + citizen(i%f.n) + `"},"icp_number":"京ICP备` +
			strconv.Itoa(10_000_000+i%f.n) + `号","principal":{"name":"王小明","phone":"` + phone + `"}}`)
	}
	n := strconv.Itoa(i/f.n - 1)
	return []byte(`{"type":"website","external_id":"W` + id + "-" + n + `","as_of":"2026-01-01T00:00:00Z","subject":"S` + id + `","name":"站点","domain":"w` +
		id + "-" + n + `.example.com","suffix":` + n + `,"principal":{"name":"王小明","phone":"` + phone + `"}}`)
}

// citizen is the i-th valid ID number (GB 11643) of a made-up series.
func citizen(i int) string {
	born := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i/999)
	text := "110105" + born.Format("20060102") + fmt.Sprintf("%03d", i%999+1)
	sum := 0
	for at, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(text[at]-'0') * weight
	}
	return text + string("10X98765432"[sum%11])
}

// BenchmarkIntake imports b.N subjects, each with an account and two websites.
func BenchmarkIntake(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkIntake(b, sqliteURL(b)) })
	b.Run("postgres", func(b *testing.B) { benchmarkIntake(b, testenv.Postgres(b)) })
}

func benchmarkIntake(b *testing.B, url string) {
	b.Helper()
	s := migrated(b, openTest(b, url))
	var most, batches uint64
	o := intake.Options{Name: "bench", OnProgress: func(intake.Report) {
		if batches++; batches%50 == 0 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}}
	b.ResetTimer()
	r, err := intake.Run(b.Context(), s, &filings{n: b.N}, o)
	if err != nil || r.Created != int64(4*b.N) {
		b.Fatalf("%v, %+v", err, r)
	}
	b.ReportMetric(float64(4*b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(most)/(1<<20), "heap-MiB")
}
