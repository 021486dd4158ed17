package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Views of pictures with channels first, uint8 [C,H,W].
 *
 * @param pictures the same views as uint8 [H,W,C]
 */
public record PlanarPictures(ViewSource pictures) implements ViewSource {
    @Override
    public Dataset<?> data() {
        return pictures.data();
    }

    @Override
    public ViewType type() {
        List<Integer> shape = pictures.type().shape();
        return new ViewType(ViewType.Element.UINT8, List.of(shape.get(2), shape.get(0), shape.get(1)));
    }

    @Override
    public boolean unrelatedViews() {
        return pictures.unrelatedViews();
    }

    @Override
    public Sample sample(int index) throws IOException {
        Sample sample = pictures.sample(index);
        ViewType type = pictures.type();
        return (key, into, offset) -> {
            ByteBuffer pixels = ByteBuffer.allocate(type.bytes());
            sample.write(key, pixels, 0);
            into.put(
                    offset,
                    Input.Pictures.channelsFirst(pixels.array(), type.shape().get(2)));
        };
    }
}
