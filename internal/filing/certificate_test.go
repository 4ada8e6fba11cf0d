package filing_test

import (
	"testing"

	"beian/internal/filing"
)

func TestParseCertificateFollowsItsType(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		certificate         filing.CertificateType
		typed, want, masked string
	}{
		{filing.CertificateIDCard, "11010519491231002x", "11010519491231002X", "1****************X"},
		{filing.CertificateCreditCode, "91350100m000100y43", "91350100M000100Y43", "9****************3"},
		{filing.CertificatePassport, "e 1234-5678", "E12345678", "E*******8"},
		{filing.CertificateOther, "南字第12345678号", "南字第12345678号", "南**********号"},
		{filing.CertificateOther, "Ｈ０１２３４５６７（８）", "H01234567(8)", "H**********)"},
	} {
		got, err := filing.ParseCertificate(tc.certificate, tc.typed)
		if err != nil || got.Type != tc.certificate || got.Reveal() != tc.want || got.Masked() != tc.masked {
			t.Errorf("%s: got %q, %s, %v", tc.certificate, got.Reveal(), got, err)
		}
	}
}

func TestParseCertificateRefusesWithTheCodeOfTheRule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		certificate filing.CertificateType
		typed, want string
	}{
		{filing.CertificateIDCard, "110105194912310021", "ID_CHECK_DIGIT: check pos=18"},
		{filing.CertificateCreditCode, "91350100M000100Y4Z", "CREDIT_CODE_CHECK_DIGIT: format pos=18"},
		{filing.CertificatePassport, "E123", "CERTIFICATE_INVALID: length n=4"},
		{filing.CertificatePassport, "E1234567号", "CERTIFICATE_INVALID: format pos=9"},
		{filing.CertificateOther, "123", "CERTIFICATE_INVALID: length n=3"},
		{filing.CertificateOther, "1234\x005678", "CERTIFICATE_INVALID: format pos=5"},
		{"driving_licence", "12345678", "CERTIFICATE_INVALID: type"},
		{"", "12345678", "CERTIFICATE_INVALID: type"},
	} {
		got, err := filing.ParseCertificate(tc.certificate, tc.typed)
		if err == nil || err.Error() != tc.want || !got.IsZero() {
			t.Errorf("%s: got %v, want %s", tc.certificate, err, tc.want)
		}
		checkHidesInput(t, err, tc.typed)
	}
}

func TestCertificatesOfDifferentTypesDiffer(t *testing.T) {
	t.Parallel()
	passport := must(filing.ParseCertificate(filing.CertificatePassport, "E12345678"))
	other := must(filing.ParseCertificate(filing.CertificateOther, "E12345678"))
	if passport.Equal(other) || !passport.Equal(passport) {
		t.Error("type does not count")
	}
}

func FuzzParsePassport(f *testing.F) {
	f.Add("e 1234-5678")
	fuzzParse(f, func(s string) (filing.Certificate, error) {
		return filing.ParseCertificate(filing.CertificatePassport, s)
	}, filing.Certificate.Reveal)
}

func FuzzParseOtherCertificate(f *testing.F) {
	f.Add("南字第12345678号")
	f.Add("Ｈ０１２３４５６７（８）")
	fuzzParse(f, func(s string) (filing.Certificate, error) {
		return filing.ParseCertificate(filing.CertificateOther, s)
	}, filing.Certificate.Reveal)
}
