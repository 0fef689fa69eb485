"""A pickled pandas DataFrame, as some packages hold one.

Belongs here: reading it so that no other name than those of a DataFrame's parts is called. Does not belong here:
whether a pickle is read at all (`sources.reading`). pandas is imported where it is used: it is heavy.
"""

import io
import pickle
import re
from typing import Any

import polars as pl

from catalogue.definition import Reading
from resources.sources.errors import SourceError
from resources.sources.remarks import ReadTable


def read(content: bytes, reading: Reading, where: str) -> ReadTable:
    """The table of a DataFrame. Raises SourceError: as `sources.reading.read_table`."""
    import pandas as pd

    try:
        frame = _DataFrameUnpickler(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError, ValueError) as error:
        raise SourceError(f"{where}: cannot be unpickled as a pandas DataFrame ({error})") from error
    if not isinstance(frame, pd.DataFrame):
        raise SourceError(f"{where}: holds a {type(frame).__name__}, not a pandas DataFrame")
    return ReadTable(pl.from_pandas(frame))


class _DataFrameUnpickler(pickle.Unpickler):
    """Refuses every name but the constructors a pickled DataFrame is made of."""

    ALLOWED = re.compile(
        r"""(builtins|__builtin__)\.(slice|bytearray)
        | _codecs\.encode
        | datetime\.(date|datetime|timedelta|timezone)
        | numpy\.(dtype|ndarray)
        | numpy\._core\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer)
        | pandas\.((core\.frame\.)?DataFrame|NA)
        | pandas\.(core\.internals\.managers\.BlockManager|_libs\.internals\._unpickle_block)
        | pandas\.(core\.indexes\.\w+\.)?(_new_Index|_new_DatetimeIndex|\w*Index)
        | pandas\.(arrays\.|core\.arrays\.\w+\.|core\.dtypes\.dtypes\.)?(Categorical|\w+Array|\w+Dtype)
        | pandas\._libs\.arrays\.__pyx_unpickle_NDArrayBacked
        | pyarrow\.lib\.(_restore_array|py_buffer|type_for_alias)""",
        re.VERBOSE,
    )

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core.", "numpy._core.")
        if not self.ALLOWED.fullmatch(f"{module}.{name}"):
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a DataFrame")
        return super().find_class(module, name)
