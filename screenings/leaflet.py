"""The note inside a package: in French and English, for whoever finds the stick."""

from typing import Final

from django.utils import translation
from django.utils.formats import date_format

from screenings.models import Package
from screenings.names import one_line

NAME: Final = "LISEZMOI-README.txt"

FRENCH: Final = """\
FRANÇAIS

{name} - {films} film(s), {minutes} minutes
Programme : {programme}
Paquet : {package}
Date : {date}

1. Copiez TOUS les fichiers à la racine d'une clé USB formatée en FAT32.
2. Branchez la clé sur le téléviseur, le décodeur ou l'ordinateur, et ouvrez
   « playlist.m3u8 », ou lisez les films dans l'ordre de leurs numéros.
3. Sous-titres : les fichiers .srt portent le même nom que les films ; le
   téléviseur les trouve tout seul.
4. Vérification (facultative) : « sha256sum -c SHA256SUMS » sous Linux ;
   SHA256SUMS contient l'empreinte de chaque fichier.

Ces témoignages sont prêtés pour une projection communautaire{place_fr}.
Ne les copiez pas, ne les publiez pas en ligne. Une personne peut retirer
son témoignage à tout moment : avant chaque projection, demandez au
programme si ce paquet est encore valable. Sinon, effacez-le.
"""

ENGLISH: Final = """\
ENGLISH

{name} - {films} film(s), {minutes} minutes
Programme: {programme}
Package: {package}
Date: {date}

1. Copy ALL files to the top level of a USB stick formatted as FAT32.
2. Plug it into the TV, set-top box or laptop and open "playlist.m3u8", or
   play the films in the order of their numbers.
3. Subtitles: each .srt file has the name of its film; the TV finds it.
4. To verify (optional): "sha256sum -c SHA256SUMS" on Linux; SHA256SUMS
   holds the checksum of every file.

These testimonies are lent for a community screening{place_en}.
Don't copy them on, don't put them online. A person may withdraw their
testimony at any time: before each screening ask the programme whether this
package still stands. If it doesn't, erase it.
"""


def text(package: Package, *, films: int, duration_s: float) -> bytes:
    """UTF-8 with byte order mark and CRLF, so that the oldest Notepad shows it right."""
    place = one_line(package.place)
    facts = {
        "name": one_line(package.playlist.name),
        "films": films,
        "minutes": max(1, round(duration_s / 60)),
        "programme": one_line(package.playlist.programme.name),
        "package": package.pk,
        "place_fr": f" à {place}",
        "place_en": f" in {place}",
    }
    parts = [
        body.format(**facts, date=_date(package, language))
        for language, body in (("fr", FRENCH), ("en", ENGLISH))
    ]
    return "\n\n".join(parts).replace("\n", "\r\n").encode("utf-8-sig")


def _date(package: Package, language: str) -> str:
    with translation.override(language):
        return date_format(package.requested_at, "DATE_FORMAT")
