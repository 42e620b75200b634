#!/usr/bin/env bash
# Makes the sample files again. Everything is drawn, spoken or written here; nothing is downloaded.
#
#   samples/make.sh            writes over the files beside this script
#   samples/make.sh elsewhere  writes them below another folder, to compare
#
# Debian packages: espeak-ng ffmpeg fonts-dejavu-core ghostscript imagemagick lame qpdf
# Repeated runs on one machine give the same bytes; other tool versions give the same content.
set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here}
for tool in convert espeak-ng ffmpeg gs lame qpdf; do
    command -v "$tool" > /dev/null || {
        echo "make.sh: $tool is missing; apt-get install espeak-ng ffmpeg fonts-dejavu-core ghostscript imagemagick lame qpdf" >&2
        exit 1
    }
done
sans=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
bold=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf
for font in "$sans" "$bold"; do
    [[ -r $font ]] || { echo "make.sh: $font is missing; apt-get install fonts-dejavu-core" >&2; exit 1; }
done
mkdir -p "$out/default" "$out/meeting-notes"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# A harbour on a clear evening: lighthouse, breakwater, three sailing boats, a fishing boat, a quay.
harbour() {
    # Gulls and rope are short lines: an outline drawn without a fill would be closed.
    local gulls=() at x y
    for at in 548,110 632,150 401,80; do
        x=${at%,*} y=${at#*,}
        gulls+=(-draw "line $((x - 24)),$((y + 2)) $((x - 14)),$((y - 6))" -draw "line $((x - 14)),$((y - 6)) $x,$((y + 2))"
            -draw "line $x,$((y + 2)) $((x + 14)),$((y - 6))" -draw "line $((x + 14)),$((y - 6)) $((x + 24)),$((y + 2))")
    done
    convert -size 960x300 gradient:'#5b9bd5-#fde3b0' \
        \( -size 960x240 gradient:'#4f93b8-#123f5c' \) -append \
        -fill '#fff3c4' -draw 'circle 250,205 250,165' \
        -fill '#8fa58a' -draw 'path "M 0,300 C 90,225 170,225 260,268 C 340,232 430,222 560,300 Z"' \
        -fill '#6f8a70' -draw 'path "M 330,300 C 450,250 540,240 640,300 Z"' \
        -stroke '#fff3c4' -strokewidth 3 \
        -draw 'line 225,312 275,312' -draw 'line 215,324 262,324' -draw 'line 232,337 290,337' \
        -stroke '#8fc1d8' -strokewidth 2 \
        -draw 'line 60,350 120,350' -draw 'line 330,372 400,372' -draw 'line 500,345 545,345' \
        -draw 'line 90,420 170,420' -draw 'line 590,420 660,420' -draw 'line 400,440 470,440' -stroke none \
        -fill '#6b645c' -draw 'polygon 660,345 700,305 960,300 960,352' \
        -fill '#57514b' -draw 'polygon 660,345 960,338 960,352' \
        -fill '#fafafa' -draw 'polygon 772,306 784,130 826,130 838,306' \
        -fill '#c8372d' -draw 'polygon 774,276 776,241 834,241 836,276' -draw 'polygon 779,206 781,171 829,171 831,206' \
        -fill '#2c3440' -draw 'rectangle 774,122 836,131' -draw 'rectangle 788,92 822,122' \
        -fill '#ffe27a' -draw 'rectangle 793,97 817,119' \
        -fill '#c8372d' -draw 'polygon 782,92 805,68 828,92' \
        -fill '#3b2a20' -draw 'roundrectangle 798,278 812,306 5,5' \
        -fill '#ffffff' -draw 'polygon 119,222 119,318 172,318' -fill '#e8ecef' -draw 'polygon 113,236 113,318 74,318' \
        -fill '#7a2e2a' -draw 'polygon 64,324 184,324 168,344 82,344' -fill '#4a3524' -draw 'rectangle 114,214 118,324' \
        -fill '#f4b942' -draw 'polygon 435,238 435,314 477,314' -fill '#f7d68b' -draw 'polygon 430,250 430,314 399,314' \
        -fill '#24405c' -draw 'polygon 391,319 488,319 475,335 406,335' -fill '#4a3524' -draw 'rectangle 431,231 434,319' \
        -fill '#ffffff' -draw 'polygon 580,262 580,312 608,312' -fill '#3f6b4f' -draw 'polygon 556,315 616,315 608,326 566,326' \
        -fill '#4a3524' -draw 'rectangle 577,257 579,315' \
        -fill '#1f6f8b' -draw 'path "M 250,398 L 282,452 L 486,452 L 528,386 L 470,404 Z"' \
        -fill '#c8372d' -draw 'polygon 274,439 282,452 486,452 494,439' \
        -fill '#f5f1e6' -draw 'rectangle 318,342 402,404' -fill '#c8372d' -draw 'rectangle 310,334 410,344' \
        -fill '#9fd3e6' -draw 'rectangle 328,354 354,376' -draw 'rectangle 366,354 392,376' \
        -fill '#4a3524' -draw 'rectangle 439,290 444,402' \
        -stroke '#2c3440' -strokewidth 2 -draw 'line 441,292 524,387' -draw 'line 441,292 404,336' -stroke none \
        -fill '#ffffff' -font "$bold" -pointsize 22 -draw 'text 398,430 "FD 27"' \
        -fill '#8b8378' -draw 'polygon 0,480 960,462 960,540 0,540' -fill '#a59c8f' -draw 'polygon 0,480 960,462 960,472 0,491' \
        -stroke '#756d63' -strokewidth 2 -draw 'line 160,488 160,540' -draw 'line 400,483 400,540' -draw 'line 640,479 640,540' \
        -stroke '#e8dcc0' -strokewidth 3 -draw 'line 280,428 266,450' -draw 'line 266,450 248,464' -draw 'line 248,464 222,470' -stroke none \
        -fill '#2c3440' -draw 'roundrectangle 206,462 236,472 4,4' -draw 'rectangle 213,470 229,494' \
        -draw 'roundrectangle 546,454 576,464 4,4' -draw 'rectangle 553,462 569,486' \
        -fill '#b5793c' -draw 'rectangle 700,418 772,482' -draw 'rectangle 778,426 842,481' -draw 'rectangle 726,362 794,418' \
        -stroke '#7d5126' -strokewidth 3 -fill none -draw 'rectangle 700,418 772,482' -draw 'rectangle 778,426 842,481' \
        -draw 'rectangle 726,362 794,418' -draw 'line 700,450 772,450' -draw 'line 778,453 842,453' -draw 'line 726,390 794,390' \
        -stroke '#ffffff' -strokewidth 3 "${gulls[@]}" \
            -strip -sampling-factor 4:2:0 -quality 86 "$out/default/harbour.jpg"
}

# One bar for each day of a week: the labels carry the numbers, so an answer can be checked.
chart() {
    local days=(Mon Tue Wed Thu Fri Sat Sun) boats=(12 15 9 18 22 31 27)
    local draw=() i x y step
    for step in 0 10 20 30; do
        y=$((330 - step * 8))
        draw+=(-fill '#d9dee3' -draw "rectangle 60,$y 610,$y" -fill '#56616c' -font "$sans" -pointsize 14
            -gravity NorthEast -annotate "+$((640 - 50))+$((y - 9))" "$step")
    done
    for i in "${!days[@]}"; do
        x=$((78 + i * 76))
        y=$((330 - boats[i] * 8))
        draw+=(-fill "$( ((i < 5)) && echo '#2f7ea3' || echo '#e08a2e')" -draw "rectangle $x,$y $((x + 52)),330"
            -fill '#1d2730' -gravity North -font "$bold" -pointsize 16 -annotate "+$((x + 26 - 320))+$((y - 22))" "${boats[i]}"
            -font "$sans" -pointsize 15 -annotate "+$((x + 26 - 320))+340" "${days[i]}")
    done
    convert -size 640x400 xc:white "${draw[@]}" \
        -fill '#1d2730' -gravity NorthWest -font "$bold" -pointsize 20 -annotate +24+18 'Boats arriving per day, week 37' \
        -fill '#56616c' -font "$sans" -pointsize 13 -annotate +24+372 'Saltmere Harbour. Weekdays blue, weekend orange. 134 in all.' \
        -strip -depth 8 -colors 128 -define png:exclude-chunks=date,time -define png:compression-level=9 "PNG8:$out/default/chart.png"
}

# Four people at a stand-up. 24 kHz and 32 kbit/s make every MP3 frame 96 bytes long; no ID3, no Info frame.
standup() {
    local n=0 inputs=() pads='' joins='' voice text
    while IFS='|' read -r voice text; do
        espeak-ng -v "$voice" -s 190 -w "$tmp/turn$n.wav" "$text"
        inputs+=(-i "$tmp/turn$n.wav")
        pads+="[$n:a]apad=pad_dur=0.1[p$n];"
        joins+="[p$n]"
        n=$((n + 1))
    done <<'TURNS'
en-gb+m3|Good morning. Harbour stand-up, Tuesday the ninth of September. Anna?
en-gb+f2|The new pier lights are in. Nothing blocks me.
en-us+m1|Ben here. The crane inspection slipped to Thursday.
en-gb+m3|Decision: berth four stays closed until the crane passes. Ben tells the skippers today.
en-gb-scotland+f4|Carla here. Fuel costs four cents more from October.
en-gb+m3|Agreed: we raise our price on the first of October. Carla updates the board by Friday. Thank you.
TURNS
    ffmpeg -nostdin -v error -y "${inputs[@]}" -filter_complex "${pads}${joins}concat=n=$n:v=0:a=1,aresample=24000[speech]" \
        -map '[speech]' -ac 1 -c:a pcm_s16le -bitexact "$tmp/standup.wav"
    lame --quiet -m m --resample 24 --cbr -b 32 -q 2 -t "$tmp/standup.wav" "$out/meeting-notes/standup.mp3"
}

# A boat sails from left to right, a red ball bounces, the tone climbs a step each second.
clip() {
    convert -size 320x180 xc:'#a9d6ee' -fill '#2b6f94' -draw 'rectangle 0,120 320,180' \
        -fill '#ffe27a' -draw 'circle 268,36 268,16' -define png:exclude-chunks=date,time "$tmp/sea.png"
    convert -size 80x80 xc:none -fill white -draw 'polygon 42,4 42,56 74,56' -fill '#f4b942' -draw 'polygon 37,12 37,56 10,56' \
        -fill '#4a3524' -draw 'rectangle 38,2 41,62' -fill '#7a2e2a' -draw 'polygon 2,60 78,60 66,76 14,76' \
        -define png:exclude-chunks=date,time "$tmp/boat.png"
    convert -size 28x28 xc:none -fill '#d43a2f' -draw 'circle 14,14 14,1' -define png:exclude-chunks=date,time "$tmp/ball.png"
    ffmpeg -nostdin -v error -y \
        -loop 1 -framerate 25 -i "$tmp/sea.png" -loop 1 -framerate 25 -i "$tmp/boat.png" -loop 1 -framerate 25 -i "$tmp/ball.png" \
        -f lavfi -i "aevalsrc='0.25*sin(2*PI*t*(330+110*floor(t)))':s=44100:d=4" \
        -filter_complex "[0][1]overlay=x='-60+85*t':y='62+5*sin(3*t)'[a];[a][2]overlay=x=210:y='142-110*abs(sin(PI*t))',format=yuv420p[v]" \
        -map '[v]' -map 3:a -t 4 -threads 1 -c:v libx264 -profile:v main -preset slow -crf 24 -c:a aac -b:a 64k -ac 1 \
        -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -movflags +faststart "$out/default/clip.mp4"
}

# Two A4 pages in the viewer's own Helvetica. Fixed dates, no XMP and qpdf's id from the content
# leave nothing that differs from one run to the next.
invoice() {
    cat > "$tmp/invoice.ps" <<'PS'
%!PS-Adobe-3.0
[ /Title (Invoice 2025-0917) /Author (Saltmere Boatyard)
  /CreationDate (D:20250917090000Z) /ModDate (D:20250917090000Z) /DOCINFO pdfmark
<< /PageSize [595 842] >> setpagedevice
/latin { dup findfont dup length dict begin { 1 index /FID ne { def } { pop pop } ifelse } forall
  /Encoding ISOLatin1Encoding 256 array copy dup 45 /hyphen put def currentdict end definefont pop } def
/Helvetica latin /Helvetica-Bold latin
/n { /Helvetica findfont 10.5 scalefont setfont } def
/b { /Helvetica-Bold findfont 10.5 scalefont setfont } def
/h { /Helvetica-Bold findfont 20 scalefont setfont } def
/l { moveto show } def                                   % (text) x y: from the left
/r { moveto dup stringwidth pop neg 0 rmoveto show } def % (text) x y: to the right
/rule { 60 exch moveto 475 0 rlineto 0.6 setlinewidth stroke } def

%%Page: 1 1
h (INVOICE) 60 770 l
b (Saltmere Boatyard) 535 775 r
n (2 Slipway Lane, Saltmere) 535 760 r (VAT no. XX 000 000 000) 535 745 r
b (Billed to) 60 710 l n (Zo\353 \326deg\345rd) 60 695 l (Fishing boat FD 27, berth 4) 60 680 l
b (Invoice no.) 370 710 l n (2025-0917) 535 710 r
b (Date) 370 695 l n (17 September 2025) 535 695 r
b (Due) 370 680 l n (17 October 2025) 535 680 r
PS
    # Description, quantity, unit price; the amounts are worked out here so that they add up.
    local y=620 net=0 vat total what qty cents
    money() { printf '%d.%02d' $(($1 / 100)) $(($1 % 100)); }
    {
        echo "b (Description) 60 645 l (Qty) 370 645 r (Unit, EUR) 450 645 r (Amount, EUR) 535 645 r 638 rule n"
        while IFS='|' read -r what qty cents; do
            echo "($what) 60 $y l ($qty) 370 $y r ($(money "$cents")) 450 $y r ($(money $((qty * cents)))) 535 $y r"
            net=$((net + qty * cents))
            y=$((y - 20))
        done <<'LINES'
Lift out and relaunch|1|18000
Hull cleaning, per metre|9|1450
Antifouling paint, 2.5 litre tin|3|8990
Propeller shaft seal|1|6425
Labour, per hour|11|5200
LINES
        vat=$((net * 20 / 100))
        total=$((net + vat))
        echo "$((y + 8)) rule (Net) 450 $((y - 12)) r ($(money $net)) 535 $((y - 12)) r"
        echo "(VAT 20 %) 450 $((y - 32)) r ($(money $vat)) 535 $((y - 32)) r"
        echo "b (Total due) 450 $((y - 54)) r (EUR $(money $total)) 535 $((y - 54)) r n (Page 1 of 2) 535 50 r showpage"
    } >> "$tmp/invoice.ps"
    cat >> "$tmp/invoice.ps" <<'PS'
%%Page: 2 2
h (Terms and work report) 60 770 l
b (Payment) 60 730 l
n (Pay within 30 days by transfer and quote invoice 2025-0917.) 60 713 l
(After the due date, 1.5 % interest is added per month.) 60 698 l
b (Work done) 60 665 l
n (12 September: boat lifted out; hull cleaned, 9 metres.) 60 648 l
(15 September: worn propeller shaft seal replaced; no other damage found.) 60 633 l
(16 September: two coats of antifouling paint; relaunched on the evening tide.) 60 618 l
b (Warranty) 60 585 l
n (Parts are covered for 24 months, labour for 6 months.) 60 568 l
(This invoice is a made-up example: the boatyard and its customer do not exist.) 60 50 l (Page 2 of 2) 535 50 r
showpage
%%EOF
PS
    gs -q -dNOPAUSE -dBATCH -dSAFER -sDEVICE=pdfwrite -dCompatibilityLevel=1.4 -dEmbedAllFonts=false -dOmitXMP=true -dOmitID=true \
        -sOutputFile="$tmp/invoice.pdf" "$tmp/invoice.ps"
    qpdf --deterministic-id "$tmp/invoice.pdf" "$out/default/invoice.pdf"
}

notes() {
    cat > "$out/default/notes.txt" <<'TEXT'
Harbour log, Tuesday 9 September 2025

07:10  12 °C, wind north-west 4, visibility good. Tide low at 06:52 (0.9 m).
07:40  Zoë Ødegård asks for berth 4 → refused: the crane above it is not inspected yet.
08:15  Delivery for the Café Möwe: 3 crates of apples, €41.50, left on the quay.
09:00  Stand-up. Berth 4 stays closed until the crane passes on Thursday.
11:30  “Étoile du Nord” arrives from Brest, 2 nights, 11 m; speaks French only.
14:05  Yacht みなと (“harbour” in Japanese) leaves for Ålesund, crew of 5.
16:20  Light no. 3 on the pier flickers again — José swaps the lamp tomorrow morning.
18:45  22 boats in. Good night ☾

To do: order 2 lamps (José) · tell the skippers about berth 4 (Ben) · new price board by Friday (Carla)
TEXT
}

harbour
chart
standup
clip
invoice
notes
