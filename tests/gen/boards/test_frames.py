"""Frames: their CRC, their escapes, and what is found among noise."""

import binascii

import pytest
from amaranth.lib.crc.catalog import CRC16_IBM_3740

from fp8mac.gen.boards.frames import Ask, BoardAnswer, FrameReader, LinkLayout, crc16, frame_bytes
from fp8mac.hw.config.unit import parse_line

UNIT = parse_line("e4m3 -> kulisch:3")
SPECIAL = bytes([0x7E, 0x7D, 0x00, 0x7E, 0x5E, 0x5D, 0xFF])


def test_crc_is_the_one_of_the_hardware():
    model = CRC16_IBM_3740(data_width=8)
    for data in (b"123456789", SPECIAL, b"\x00"):
        assert crc16(data) == model.compute(data)
    assert crc16(SPECIAL + crc16(SPECIAL).to_bytes(2, "big")) == 0


def test_begin_stands_at_the_begin_only():
    sent = frame_bytes(0x7E, len(SPECIAL), SPECIAL)
    assert sent[0] == 0x7E
    assert sent.count(0x7E) == 1
    assert list(FrameReader().feed(sent)) == [BoardAnswer(1, 0x3E, SPECIAL)]


def test_answers_among_noise():
    good = frame_bytes(0x05, 2, b"\x01\x02")
    wrong = bytearray(good)
    wrong[3] ^= 1
    reader = FrameReader()
    found = [
        each
        for data in (b"\x00\x7d\x33", good[:4], good, bytes(wrong), good)
        for byte in data
        for each in reader.feed(bytes([byte]))
    ]
    assert found == [BoardAnswer(0, 5, b"\x01\x02")] * 2


@pytest.mark.parametrize("bit", range(8 * 7))
def test_any_wrong_bit_is_found(bit):
    sent = bytearray(frame_bytes(0x05, 2, b"\x01\x02"))
    sent[bit // 8] ^= 1 << bit % 8
    assert list(FrameReader().feed(bytes(sent))) == []


def test_where_operands_and_outputs_are():
    layout = LinkLayout(UNIT)
    assert layout.operands == {"a": 1, "b": 1}
    assert layout.outputs == {"acc": 40, "nan": 1}
    assert layout.output_bytes == 6
    assert layout.read_outputs((0x1F9_1234_5678).to_bytes(6, "little")) == {
        "acc": 0xF9_1234_5678,
        "nan": 1,
    }
    plain = bytes([0x45, 2, 0x38, 0x41, 0x01, 0x02])
    assert layout.request(Ask.CONTINUE, 5, [(0x38, 0x41), (1, 2)]) == (
        b"\x7e" + plain + crc16(plain).to_bytes(2, "big")
    )


def test_operands_of_lanes_have_the_lowest_byte_first():
    layout = LinkLayout(parse_line("int8 x 3 -> int32"))
    assert layout.step_bytes == 6
    request = layout.request(Ask.BEGIN, 0, [(0x030201, 0x060504)])
    assert request[3:9] == bytes([1, 2, 3, 4, 5, 6])


def test_identity_tells_units_apart():
    lines = ["e4m3 -> kulisch:3", "e4m3 -> kulisch:4", "e4m3 -> fp16", "int8 -> int32"]
    lines += ["e4m3 -> kulisch:3, stages 2", "e4m3 -> kulisch:3, output fp16", "e4m3 -> fp16:rtz"]
    assert len({LinkLayout(parse_line(line)).identity for line in lines}) == len(lines)
    assert LinkLayout(UNIT).identity == binascii.crc32(b"fp8mac link 1 mac_e4m3_e4m3_kulisch3")
