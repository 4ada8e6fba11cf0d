package specimen

import "image/color"

// Scans are papers as a machine sees them: flat, without a desk around. Old filings
// have them.

// Licence is a company's licence.
func (p *Painter) Licence(of Company) ([]byte, error) { return encode(p.licence(of)) }

// Registration is what a certificate of a domain says.
type Registration struct{ Domain, Holder, Registrar, From, Until string }

// DomainCertificate says to whom a domain is registered.
func (p *Painter) DomainCertificate(of Registration) ([]byte, error) {
	s := p.sheet(1000, 720, color.RGBA{0xf2, 0xf5, 0xee, 0xff})
	s.guilloche(color.RGBA{0xd5, 0xe2, 0xcf, 0xff})
	s.write(line{300, 140, 72, ink}, "域名注册证书")
	y := 250
	for _, row := range [][2]string{{"域 名", of.Domain}, {"注册人", of.Holder}, {"注册商", of.Registrar}, {"注册时间", of.From}, {"到期时间", of.Until}} {
		s.write(line{120, y, 34, caption}, row[0])
		s.write(line{330, y, 38, ink}, row[1])
		y += 76
	}
	return encode(s.specimen())
}
